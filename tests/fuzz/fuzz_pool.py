"""Fuzz verification as strangers meet it, through its child: so many changed files of each format.

    python tests/fuzz/fuzz_pool.py [COUNT] [SEED]

See ``tests/helpers/mutations.py`` for what is changed and what is asserted. The file that fails is kept in a folder
that is named, with the seed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "helpers"))

from mutations import check, subjects

from luokuan.store.home import open_home


def main() -> None:
    """Fuzz all formats, and print how often each verdict came."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-pool-"))
    print(f"fuzz_pool: {count} files a format, seed {seed}, in {folder}")
    home = open_home(folder / "home")
    works = subjects(home)
    for name in works:
        words = check(home, works, name, count, folder, seed, count // 50)
        print(f"fuzz_pool: {name}:", ", ".join(f"{word} {times}" for word, times in sorted(words.items())), flush=True)


if __name__ == "__main__":
    main()
