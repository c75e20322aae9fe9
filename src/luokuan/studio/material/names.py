"""Names inside archives: what may become a path below a corpus, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from luokuan.errors import UserError
from luokuan.i18n import _

DEEPEST = 16
"""Folders in each other."""
LONGEST_PART, LONGEST = 200, 900
"""Bytes of one part of a name, and of the whole."""
_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever ending they have."""
_TURNING = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that turn the direction of what is shown: a name with them isn't what it looks like."""
_LITTER = ("__macosx", "thumbs.db", "desktop.ini")


def safe_path(name: str) -> PurePosixPath | None:
    """Where a file of an archive goes, in composed form (NFC); None: it is litter of an operating system.

    Raises:
        UserError: the name leads out of the corpus, or isn't one everywhere. The whole archive is refused then:
            somebody has made it so on purpose.
    """
    why = _fault(name)
    if why:
        raise refused_name(name, why)
    parts = [unicodedata.normalize("NFC", part) for part in name.split("/") if part not in ("", ".")]
    if not parts:
        return None
    for part in parts:
        if (fault := _fault_of_part(part)) is not None:
            raise refused_name(name, fault)
    if len(parts) > DEEPEST or len("/".join(parts).encode()) > LONGEST:
        raise refused_name(name, _("it is too long, or too deep"))
    if any(part.startswith(".") or part.lower() in _LITTER for part in parts):
        return None
    return PurePosixPath(*parts)


def _fault(name: str) -> str | None:
    if not name or any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name):
        return _("it is empty or holds control characters")
    if "\\" in name:
        return _("it holds a backslash")
    if name.startswith("/") or _DRIVE.match(name):
        return _("it begins at the root of a disk")
    if any(letter in _TURNING for letter in name):
        return _("it holds marks that turn the direction of writing")
    return None


def _fault_of_part(part: str) -> str | None:
    # Full-width dots and the like are one with plain ones for some programs.
    if unicodedata.normalize("NFKC", part).strip(" .") == "" and ".." in unicodedata.normalize("NFKC", part):
        return _("it leads upwards")
    if any(letter in unicodedata.normalize("NFKC", part) for letter in "/\\"):
        return _("it holds a sign that stands for a slash")
    if len(part.encode()) > LONGEST_PART:
        return _("it is too long, or too deep")
    if part != part.rstrip(" ."):
        return _("it ends with a dot or a space")
    if _RESERVED.fullmatch(part):
        return _("it is the name of a device")
    return None


def refused_name(name: str, why: str) -> UserError:
    """What is said of an archive with such a name."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:120])
    return UserError(
        _("The archive holds the name '{name}', which can't be used: {why}.", name=shown, why=why),
        _("Pack the folder anew with another program, or rename that file. Nothing was kept."),
        code="upload.name",
        status=422,
    )
