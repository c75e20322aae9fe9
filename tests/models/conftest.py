"""Fixtures of the models' tests."""

from thrift import features_are_kept, few_steps_are_timed, looks_are_kept  # noqa: F401 - fixtures
