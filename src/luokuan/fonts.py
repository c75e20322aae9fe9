"""Fonts of the system that have all letters of a text, for what is written as PDF."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/source-han-sans/SourceHanSansSC-Regular.otf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans.ttf",
)
"""Where systems keep fonts; the first one that has all letters of the report is taken."""


def find_font(letters: Iterable[str], chosen: Path | str | None = None) -> tuple[Path, int]:
    """A font file, and which of its faces has all ``letters``; of several the one for simplified Chinese.

    Args:
        letters: What is to be written.
        chosen: The only file to look at; None: ``FONTS``.

    Raises:
        UserError: no font has them, or ``chosen`` is none.
    """
    wanted = {ord(letter) for letter in letters if not letter.isspace()}
    for place in [Path(chosen)] if chosen is not None else [Path(name) for name in FONTS]:
        faces = _faces(place)
        if chosen is not None and not faces:
            raise UserError(
                _("{path} is no font that can be read.", path=place),
                _("Give a TrueType or OpenType file: .ttf, .otf or .ttc."),
                code="appraisal.font",
            )
        # Each of a collection's letter tables takes a tenth of a second to read: simplified Chinese first.
        for at, _name, font in sorted(faces, key=lambda face: not face[1].endswith((" SC", " GB"))):
            if _has(font, wanted):
                return place, at
    raise UserError(
        _("No font was found that has all letters of this report."),
        _("Install one, such as Debian's fonts-noto-cjk or fonts-wqy-microhei, or give a file with --font."),
        code="appraisal.font",
    )


def _faces(path: Path) -> list[tuple[int, str, Any]]:
    """Number, name and font of the faces of a file; empty: it is none."""
    from fontTools.ttLib import TTFont
    from fontTools.ttLib.ttCollection import TTCollection

    try:
        if not path.is_file():
            return []
        with path.open("rb") as stream:
            several = stream.read(4) == b"ttcf"
        fonts: list[Any] = list(TTCollection(str(path), lazy=True).fonts) if several else [TTFont(path, lazy=True)]
        return [(at, str(font["name"].getDebugName(1) or ""), font) for at, font in enumerate(fonts)]
    except Exception:  # fontTools raises whatever a broken table leads to
        return []


def _has(font: Any, wanted: set[int]) -> bool:
    try:
        return wanted <= set(font.getBestCmap() or {})
    except Exception:
        return False
