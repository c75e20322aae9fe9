"""Traditional and simplified Chinese: telling them apart, and turning one into the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.i18n import _

SCRIPTS = ("simplified", "traditional")
NEITHER, SIMPLIFIED, TRADITIONAL, MIXED = range(4)
NAMES = ("neither", "simplified", "traditional", "mixed")
"""By the numbers above. ``neither``: no Chinese, or nothing in which the two differ."""
ONE = 0.9
"""Share of the characters that tell from which on a text counts as of one script: names and quotations stay as they
are."""
_CONFIGS = {"simplified": "t2s", "traditional": "s2t"}


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """For each code point below U+10000: SIMPLIFIED, TRADITIONAL or NEITHER, uint8 (65536,).

    A character that GB 2312 has and Big5 lacks is simplified; one of the common plane of Big5 that GB 2312 lacks is
    traditional. Characters that both scripts use (后, 里, 干) are in both sets and tell nothing. Against
    OpenCC's tables about 8 % of either set are mere rarities of one standard; they are characters such as 氵
    and 藰.
    """
    table = np.zeros(1 << 16, dtype=np.uint8)
    for code in range(0x4E00, 0xA000):
        character = chr(code)
        gb, big5 = _bytes(character, "gb2312"), _bytes(character, "big5")
        if gb and not big5:
            table[code] = SIMPLIFIED
        elif not gb and 0xA4 <= big5[:1].ljust(1, b"\0")[0] <= 0xC6:
            table[code] = TRADITIONAL
    return table


def _bytes(character: str, codec: str) -> bytes:
    return character.encode(codec, "ignore")


def telling(text: str) -> tuple[int, int]:
    """How many characters of ``text`` only simplified, and how many only traditional Chinese has."""
    if text.isascii():
        return 0, 0
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")  # surrogates tell nothing
    counts = np.bincount(_table()[codes], minlength=3)
    return int(counts[SIMPLIFIED]), int(counts[TRADITIONAL])


def script_of(simplified: int, traditional: int) -> int:
    """SIMPLIFIED, TRADITIONAL, MIXED or NEITHER, from the counts of ``telling``."""
    both = simplified + traditional
    if not both:
        return NEITHER
    if simplified >= ONE * both:
        return SIMPLIFIED
    return TRADITIONAL if traditional >= ONE * both else MIXED


def converter(script: str) -> Callable[[str], str]:
    """What turns text into ``simplified`` or ``traditional`` Chinese, phrase by phrase (OpenCC's t2s and s2t).

    Text that is traditional already must not be turned into it once more: 皇后 would become 皇後.

    Raises:
        UserError: OpenCC isn't installed.
        KeyError: another script.
    """
    config = _CONFIGS[script]
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise UserError(
            _("{option} needs the package {package}, which is not installed.", option="--script", package="opencc"),
            _("Install luokuan[text]."),
            code="corpus.text_extra",
        ) from error
    convert: Callable[[str], str] = OpenCC(config).convert
    return convert
