"""Fixtures of the commands' tests."""

from bothdatabases import database  # noqa: F401 - a fixture
from thrift import features_are_kept, few_steps_are_timed, looks_are_kept  # noqa: F401 - fixtures
