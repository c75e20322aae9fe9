"""Messages in Chinese and English: gettext catalogues chosen by LUOKUAN_LANG or the locale."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALE_FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("en", "zh_CN")
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak one of ``LANGUAGES`` inside the block, whatever the user's: for records that must not depend on it."""
    token = _spoken.set(name)
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The language of messages: ``en`` or ``zh_CN``.

    LUOKUAN_LANG wins over LC_ALL, LC_MESSAGES and LANG; anything that begins with ``zh`` is Chinese,
    anything else English. Inside ``speaking`` that one.
    """
    if spoken := _spoken.get():
        return spoken
    for name in ("LUOKUAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh_CN" if value.lower().startswith("zh") else "en"
    return "en"


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(name: str) -> gettext.NullTranslations:
    return gettext.translation("luokuan", LOCALE_FOLDER, [name], fallback=True)


def _(message: str, /, **values: object) -> str:
    """Translate ``message`` and fill its ``{name}`` fields from ``values``.

    Fields are filled after translation, so that a catalogue may change their order.
    """
    text = _catalogue(language()).gettext(message)
    return text.format(**values) if values else text
