"""Make the label's font: the glyphs of the explicit labels and printable ASCII out of WenQuanYi Micro Hei.

Debian's package fonts-wqy-microhei holds the source. Run again only to add glyphs:

    python scripts/make_label_font.py /usr/share/fonts/truetype/wqy/wqy-microhei.ttc
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

GLYPHS = "人工智能生成合" + "".join(chr(code) for code in range(0x20, 0x7F))
TARGET = Path(__file__).parent.parent / "src/luokuan/colophon/fonts/label.ttf"


def make(source: Path, target: Path) -> int:
    """Write the subset of ``source`` (its first face) to ``target``. Returns its size in bytes."""
    font = TTFont(source, fontNumber=0)
    # Hinting would round the ink by size; the timestamp would change with each run.
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 4, 5, 13, 14], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=GLYPHS)
    subsetter.subset(font)
    # A modified font says so in its name, so that nobody takes it for the whole one.
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = "Luokuan Label (subset of WenQuanYi Micro Hei)"
    font.recalcTimestamp = False
    font.save(target)
    return target.stat().st_size


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="wqy-microhei.ttc")
    print(TARGET, make(parser.parse_args().source, TARGET), "bytes")
