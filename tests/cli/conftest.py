"""Fixtures of the commands' tests."""

from bothdatabases import database, dialect_url  # noqa: F401 - fixtures
