"""Make the font of lower thirds and captions on frames: the letters of GB 2312, Latin, figures and marks.

    python scripts/make_text_font.py /usr/share/fonts/truetype/wqy/wqy-microhei.ttc

WenQuanYi Micro Hei is dual-licensed; we use it under the Apache License 2.0. Debian's package fonts-wqy-microhei holds it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parent.parent / "src/luokuan/create/presenters/fonts/text.ttf"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A), (0x3000, 0x3017), (0xFF01, 0xFF5E))
"""Latin with its accents, and the marks of both languages."""
OTHERS = "€￥℃™→←·…—～"


def letters() -> set[int]:
    """Code points of the font: GB 2312 holds the 6,763 characters that are in common use."""
    found = {code for low, high in RANGES for code in range(low, high + 1)} | {ord(one) for one in OTHERS}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def make(source: Path, target: Path) -> int:
    """Write the subset of ``source`` (its first face) to ``target``. Returns its size in bytes."""
    font = TTFont(source, fontNumber=0)
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 4, 5, 13, 14], notdef_outline=True)
    options.drop_tables += ["FFTM"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=letters())
    subsetter.subset(font)
    # A modified font says so in its name, so that nobody takes it for the whole one.
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = "Luokuan Text (subset of WenQuanYi Micro Hei)"
    font.recalcTimestamp = False
    font.save(target)
    return target.stat().st_size


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="wqy-microhei.ttc")
    print(TARGET, make(parser.parse_args().source, TARGET), "bytes")
