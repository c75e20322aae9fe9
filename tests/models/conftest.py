"""Fixtures of the models' tests."""

from thrift import features_are_kept, few_steps_are_timed  # noqa: F401 - fixtures
