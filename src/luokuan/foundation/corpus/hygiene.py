"""Repairing text: what was decoded wrongly, stray characters, Unicode normal form, and what editors wrote into it.

Everything here works on a piece of text that ends where a line ends, if it can; nothing looks across lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

_PASSES = 8
"""A character that is taken away can bring together what is mojibake, or can be composed, only then."""
LACUNA = "□"
"""Stands for a character that can't be read any more."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# The bytes of UTF-8 as Windows-1252 or Latin-1 show them: one that begins a character, and one that goes on with it.
_SUSPICIOUS = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_BREAK = re.compile("[\x0b\x0c\x85]")  # vertical tab, new page, next line
_SQUARE, _ROUND = ("[]", "［］", "〔〕", "【】"), ("()", "（）")
_EDITORS = "(?:校|编者|編者|译者?|譯者?|整理者)(?:注|註|按|案)\\s*[:：]"
_REMARK = f"(?:{_EDITORS}|[注註按案校]\\s*[:：])"
"""In round brackets, which authors use themselves, only what says that it is an editor's."""
_READING = "(?:(?:又?一本?|又|亦|别本|別本|他本|集本?)作|一云)"
_LONGEST, _LONGEST_READING = 200, 40
_NOTE = re.compile(
    "|".join(
        f"{re.escape(a)}\\s*(?:{_REMARK if a + b in _SQUARE else _EDITORS}[^{re.escape(a + b)}\n]{{0,{_LONGEST}}}"
        f"|{_READING}[^{re.escape(a + b)}\n。！？!?]{{0,{_LONGEST_READING}}}){re.escape(b)}"
        for a, b in map(tuple, (*_SQUARE, *_ROUND))
    )
)
_NOTE_SIGN = re.compile("[注註按案校作云]")


def repair(text: str) -> tuple[str, Counter[str]]:
    """``text`` repaired, and how often what was found: ``crlf`` (line ends that aren't \\n), ``mojibake`` (lines of
    UTF-8 that was read as Windows-1252 or Latin-1; 0 without ftfy), ``nul``, ``control`` (other control characters,
    byte order marks and noncharacters), ``replacement`` (U+FFFD, which stay), ``not_nfc`` (1 if it wasn't in Unicode's
    form NFC)."""
    found: Counter[str] = Counter()
    if "\r" in text:
        found["crlf"] = text.count("\r")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text, found
    for _pass in range(_PASSES):
        before = text
        text, here = _repaired_once(text)
        found.update(here)
        if text == before:
            break
    found["replacement"] = text.count(REPLACEMENT)
    return text, found


def _repaired_once(text: str) -> tuple[str, Counter[str]]:
    found: Counter[str] = Counter()
    if _SUSPICIOUS.search(text):
        text, found["mojibake"] = _decoded_right(text)
    text = _BREAK.sub("\n", text)
    found["nul"] = text.count("\0")
    text, number = _CONTROL.subn("", text)
    found["control"] = number - found["nul"]
    if not unicodedata.is_normalized("NFC", text):
        found["not_nfc"] = 1
        text = unicodedata.normalize("NFC", text)
    return text, found


@lru_cache(maxsize=1)
def mojibake_fixer() -> Callable[[str], str] | None:
    """ftfy's repair of wrongly decoded text; None if ftfy isn't installed."""
    try:
        from ftfy import fix_encoding
    except ImportError:
        return None
    fix: Callable[[str], str] = fix_encoding
    return fix


def _decoded_right(text: str) -> tuple[str, int]:
    fix = mojibake_fixer()
    if fix is None:
        return text, 0
    number, lines = 0, []
    for line in text.split("\n"):
        fixed = fix(line) if _SUSPICIOUS.search(line) else line
        number += fixed != line
        lines.append(fixed)
    return "\n".join(lines), number


def without_notes(text: str) -> tuple[str, int]:
    """``text`` without what editors put into brackets in it, and how many such notes it had: remarks such
    as ［注：…］ and other readings such as （一作…）. Titles in 《》, brackets around anything else and remarks in
    round brackets, which authors write too, stay."""
    if not _NOTE_SIGN.search(text):
        return text, 0
    return _NOTE.subn("", text)
