"""Hints of personal data: where a photo was taken, whose camera took it, numbers and addresses in names and captions.

Hints, not proof: a person looks at them. Nothing found is no proof of absence either.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.reader import Item
from luokuan.i18n import _

GPS = 0x8825
OWNERS = {0x013B: "Artist", 0x8298: "Copyright", 0xA430: "CameraOwnerName", 0xA431: "BodySerialNumber"}
"""EXIF 2.32 tags that can name a person or a single camera."""
_EXIF = 0x8769
_WORD = r"(?:(?![\u2e80-\U0003ffff])[\w-])"  # no hanzi: they stand beside addresses without a space
_EMAIL = re.compile(rf"(?:{_WORD}|[.+%]){{1,64}}@{_WORD}{{1,63}}(?:\.{_WORD}{{1,63}}){{1,5}}")
_MOBILE_CN = re.compile(r"(?<![0-9A-Za-z-])1[3-9]\d{9}(?![0-9A-Za-z-])")  # not inside a UUID
_PHONE = re.compile(r"(?<![\d.])\+\d{1,3}[ -]?\d{2,4}(?:[ -]?\d{2,4}){2,3}(?!\d)")
_RESIDENT = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_CARD = re.compile(r"(?<![\d.-])(?:\d{16,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?)(?![ -]?\d|\.\d)")
_DIGITS = re.compile(r"\d\d")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Hint:
    """One finding: in which item, and what, in words; the datum itself is not repeated."""

    item: Item
    what: str


def is_resident_id(text: str) -> bool:
    """Whether 18 characters are a Chinese resident identity number (GB 11643-1999: ISO 7064 MOD 11-2 check)."""
    if not _RESIDENT.fullmatch(text):
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11
    return "10X98765432"[remainder] == text[-1].upper()


def is_bank_card(text: str) -> bool:
    """Whether 16 to 19 digits, alone or in groups of four, can be a bank card's number (ISO/IEC 7812-1, Annex B: the
    check of Luhn). One of ten numbers that are none passes it too."""
    if not _CARD.fullmatch(text):
        return False
    digits = [int(digit) for digit in text if digit.isdigit()][::-1]
    # Every second digit from the right is doubled, and the digits of the product are added.
    total = sum(digits[0::2]) + sum(2 * digit - 9 * (digit > 4) for digit in digits[1::2])
    return total % 10 == 0 and any(digits)


KINDS = ("id", "card", "e-mail", "phone")
"""What ``masked`` looks for, in this order."""


def masked(text: str) -> tuple[str, Counter[str]]:
    """``text`` with [id] (resident identity numbers), [card] (bank cards), [e-mail] and [phone] in the place of
    personal data, and how many there were of each of ``KINDS``."""
    found: Counter[str] = Counter()

    def put(kind: str, holds: Callable[[str], bool] = lambda _text: True) -> Callable[[re.Match[str]], str]:
        def one(match: re.Match[str]) -> str:
            if not holds(match.group()):
                return match.group()
            found[kind] += 1
            return f"[{kind}]"

        return one

    if _DIGITS.search(text):
        text = _RESIDENT.sub(put("id", is_resident_id), text)
        text = _CARD.sub(put("card", is_bank_card), text)
    if "@" in text:
        mark = put("e-mail")
        # Line by line: on long lines without one the pattern is slow.
        text = "\n".join(_EMAIL.sub(mark, line) if "@" in line else line for line in text.split("\n"))
    if _DIGITS.search(text):
        text = _PHONE.sub(put("phone"), _MOBILE_CN.sub(put("phone"), text))
    return text, found


def hints_in_text(text: str) -> list[str]:
    """Kinds of personal data in a name or caption."""
    found = []
    if _EMAIL.search(text):
        found.append(_("an e-mail address"))
    if any(is_resident_id(match) for match in _RESIDENT.findall(text)):
        found.append(_("a resident identity number"))
    if any(is_bank_card(match.group()) for match in _CARD.finditer(text)):
        found.append(_("a bank card number"))
    if _MOBILE_CN.search(text) or _PHONE.search(text):
        found.append(_("a telephone number"))
    return found


def hints_in_exif(data: bytes) -> list[str]:
    """Kinds of personal data in a picture's EXIF block."""
    from PIL import Image

    try:
        exif = Image.open(io.BytesIO(data)).getexif()
        inner = exif.get_ifd(_EXIF)
        position = exif.get_ifd(GPS)
    except Exception:  # a damaged block says nothing
        return []
    found = []
    if position:
        found.append(_("the place where it was taken (EXIF GPS)"))
    named = [name for tag, name in OWNERS.items() if exif.get(tag) or inner.get(tag)]
    if named:
        found.append(_("its owner or camera ({fields})", fields=", ".join(named)))
    return found


def find_hints(items: tuple[Item, ...]) -> list[Hint]:
    """Hints in names, captions and EXIF blocks of all items."""

    def one(item: Item) -> list[Hint]:
        try:
            data = item.path.read_bytes()
        except OSError:
            data = b""
        kinds = (*hints_in_exif(data), *hints_in_text(item.name), *hints_in_text(item.text or ""))
        return [Hint(item, what) for what in kinds]

    with ThreadPoolExecutor(usable_cores()) as pool:
        return [hint for hints in pool.map(one, items) for hint in hints]
