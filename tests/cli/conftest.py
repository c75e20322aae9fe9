"""Fixtures of the commands' tests."""

from bothdatabases import database  # noqa: F401 - a fixture
