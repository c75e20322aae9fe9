"""Make the list of Chinese words by which the Mandarin voice phrases a text and times its captions.

    python scripts/make_word_list.py SENTENCES [--words 12000] [--out src/luokuan/create/voices/data/words-zh.txt]

SENTENCES is a text of one Mandarin sentence a line, such as the zh-CN sentences of Mozilla Common Voice (CC0 1.0). The
list is learnt from it by expectation maximisation, as a unigram language model of words (Kudo 2018, "Subword
Regularization"); each line is a word and its natural logarithm of probability. No sentence is kept.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.trainers import UnigramTrainer

PLACE = Path(__file__).parents[1] / "src" / "luokuan" / "create" / "voices" / "data" / "words-zh.txt"
HAN = re.compile(r"[\u4e00-\u9fff]+")
LONGEST = 4


def main() -> None:
    """Learn it and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("--words", type=int, default=12_000)
    parser.add_argument("--out", type=Path, default=PLACE)
    options = parser.parse_args()
    runs = HAN.findall(options.sentences.read_text(encoding="utf-8"))
    tokenizer = Tokenizer(Unigram())
    trainer = UnigramTrainer(
        vocab_size=options.words, unk_token="?", special_tokens=["?"], max_piece_length=LONGEST, show_progress=False
    )
    tokenizer.train_from_iterator(runs, trainer)
    words = json.loads(tokenizer.to_str())["model"]["vocab"]
    lines = [f"{word}\t{value:.2f}\n" for word, value in words if len(word) > 1 and HAN.fullmatch(word)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("".join(sorted(lines)), encoding="utf-8")
    print(len(runs), "runs,", len(lines), "words,", options.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
