"""Build the corpus of the starter ``emoji``: pictures of Noto emoji, named in English and Chinese.

    npm pack cldr-annotations-full@48.2.0 && tar xf cldr-annotations-full-48.2.0.tgz
    python scripts/make_emoji_corpus.py PICTURES package/annotations/zh/annotations.json OUT

PICTURES is a folder such as ``png/128`` of github.com/googlefonts/noto-emoji: ``emoji_u1f600.png`` by code points.
The first line of a caption is the Unicode names of its characters, the second the CLDR short name where there is one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import unicodedata
from pathlib import Path

from luokuan.files import new_folder

UNSEEN = "\u200d\ufe0f"
"""The joiner and the selector of the coloured form: parts of an emoji without a look of their own."""
CARD = """\
title: "Noto emoji"
licence: "OFL-1.1 AND Unicode-3.0"
credit: "Google LLC and the Noto emoji authors; Chinese names by Unicode CLDR"
source: "github.com/googlefonts/noto-emoji"
"""


def caption(characters: str, chinese: dict[str, dict[str, list[str]]]) -> str | None:
    """One or two lines that name an emoji; None if this Python's Unicode has no name for a part of it."""
    names = [unicodedata.name(c, "").lower() for c in characters if c not in UNSEEN]
    short = chinese.get(characters.replace("\ufe0f", ""), {}).get("tts", [])
    return "\n".join([", ".join(names), *short[:1]]) if all(names) else None


def main() -> None:
    """Copy the pictures and write metadata.jsonl and card.yaml beside them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    chinese = json.loads(options.annotations.read_text(encoding="utf-8"))["annotations"]["annotations"]
    with new_folder(options.out) as part:
        lines, nameless = [], 0
        for path in sorted(options.pictures.glob("emoji_u*.png")):
            characters = "".join(chr(int(code, 16)) for code in path.stem.removeprefix("emoji_u").split("_"))
            text = caption(characters, chinese)
            if text is None:
                nameless += 1
                continue
            shutil.copy(path, part)
            row = {"file_name": path.name, "text": text}
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        (part / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
        (part / "card.yaml").write_text(CARD, encoding="utf-8")
    print(f"{len(lines)} pictures in {options.out}; {nameless} without a name left out")


if __name__ == "__main__":
    main()
