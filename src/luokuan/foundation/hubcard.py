"""What the card of a model that was made elsewhere says (README.md with front matter, as on the Hub)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
_HUB_NAMES = ("Apache-2.0", "MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "MPL-2.0")
_CARD_LIMIT = 1 << 16
_LINE_LIMIT = 600


def front_matter(path: Path) -> Mapping[str, Any]:
    """What stands in the front matter of a model card of the Hub; empty if there is none or it can't be read."""
    import yaml

    from luokuan.foundation.plainyaml import UNREADABLE

    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_CARD_LIMIT)
    except (OSError, UnicodeDecodeError):
        return {}
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        return {}
    try:
        found = yaml.safe_load(parts[1])
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def line_of(found: Mapping[str, Any], key: str) -> str:
    """The text that ``front_matter`` has under ``key``, in one line of at most 600 characters; empty where it is none,
    or holds what can't be printed."""
    value = found.get(key)
    line = " ".join(value.split()) if isinstance(value, str) else ""
    return line if line.isprintable() and len(line) <= _LINE_LIMIT else ""


def licence_of_card(path: Path) -> str:
    """The licence that a model card of the Hub names in its front matter (``license``, or ``license_name`` where that
    says ``other``), as SPDX id where it is one; ``unknown`` if it names none or can't be read."""
    found = front_matter(path)
    named = found.get("license")
    if named == "other":
        named = found.get("license_name")
    if not isinstance(named, str) or not named.isprintable() or not 0 < len(named) <= 64:
        return UNKNOWN
    return {name.lower(): name for name in _HUB_NAMES}.get(named.lower(), named)


def with_licence(text: str, licence: str) -> str:
    """A model card that names ``licence`` in its front matter, which it gets if it has none that can be read; what else
    it says stays."""
    import yaml

    from luokuan.foundation.plainyaml import UNREADABLE

    parts = text.replace("\r\n", "\n").split("---\n", 2)
    body, found = text, None
    if len(parts) == 3 and not parts[0]:
        try:
            found = yaml.safe_load(parts[1])
        except UNREADABLE:
            found = None
        body = parts[2]
    head = {key: value for key, value in found.items() if key != "license_name"} if isinstance(found, dict) else {}
    named = licence.lower() if licence in _HUB_NAMES else "other"
    head |= {"license": named, **({"license_name": licence} if named == "other" else {})}
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n{body}"
