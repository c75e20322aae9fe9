"""What reading plain YAML (``yaml.safe_load``) may raise."""

from __future__ import annotations

import yaml

BAD_VALUES = (ValueError, AttributeError, KeyError, IndexError, TypeError, OverflowError)
"""What PyYAML raises of a date with month 13, of 5000 digits, of ``!!bool maybe``, of ``1:1:…:1.5``, and the like."""
UNREADABLE = (yaml.YAMLError, RecursionError, *BAD_VALUES)
"""All of it: a text that is no YAML, or that holds a value that can't be read."""
