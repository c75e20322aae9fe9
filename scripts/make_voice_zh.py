"""Make the Mandarin voice's pack from recorded syllables.

    python scripts/make_voice_zh.py SYLLABLES [--out src/luokuan/create/voices/data/mandarin]

SYLLABLES is a folder of Ogg Opus files, one channel at 16 kHz, each a toned syllable with its pinyin as its name
(``ma1.ogg``; ü is v), as https://github.com/hugolpz/audio-cmn has them. The recordings of the neutral tone hold several
takes in one file and are left out. The streams are packed byte for byte; what is measured of them is computed here.
The card beside the pack is written by hand and stays.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from luokuan.create.voices.mandarin.pack import INDEX, MARKS, SOUNDS, write_pack

RATE = 16_000
PLACE = Path(__file__).parents[1] / "src" / "luokuan" / "create" / "voices" / "data" / "mandarin"
NAME = re.compile(r"[a-z]+[1-4]")


def main() -> None:
    """Make it and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("syllables", type=Path)
    parser.add_argument("--out", type=Path, default=PLACE)
    options = parser.parse_args()
    found = {path.stem: path for path in sorted(options.syllables.glob("*.ogg")) if NAME.fullmatch(path.stem)}
    # One syllable is spelt in two ways.
    names = {re.sub(r"^([jqxy])v", r"\1u", name): path for name, path in found.items()}
    left = write_pack(options.out, ((name, path.read_bytes()) for name, path in sorted(names.items())), RATE)
    index = json.loads((options.out / INDEX).read_text(encoding="utf-8"))
    sizes = {name: (options.out / name).stat().st_size for name in (SOUNDS, INDEX, MARKS)}
    print(json.dumps({"syllables": len(index["syllables"]), "left_out": left, "bytes": sizes, "tones": index["tones"]}))


if __name__ == "__main__":
    main()
