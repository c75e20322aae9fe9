"""Make the font of lower thirds and captions on frames: the letters of GB 2312, Latin, figures and marks.

    python scripts/make_text_font.py /usr/share/fonts/truetype/wqy/wqy-microhei.ttc

WenQuanYi Micro Hei is dual-licensed; we use it under the Apache License 2.0. It is in Debian's package
fonts-wqy-microhei.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from luokuan.create.presenters.lettering import FONT, drawable


def letters() -> set[int]:
    """Code points of the font: what ``drawable`` says, GB 2312's 6,763 characters in common use among them."""
    return {code for code in range(0x20, 0x10000) if not 0xD800 <= code < 0xE000 and drawable(chr(code))}


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
    print(FONT, make(parser.parse_args().source, FONT), "bytes")
