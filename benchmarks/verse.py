"""What verse is worth: form, rhyme, tones, variety and copying of poems by a model, beside held-out poems.

    python benchmarks/verse.py CORPUS [--model verse] [--poems 500] [--seed 0] [--json]

CORPUS is that of ``scripts/make_verse_corpus.py``. Of each regular form a quarter of the poems gets the titles of
held-out poems. ``kept``: as ``luokuan create verse`` makes them; ``free``: the same model without any rule; ``real``:
the held-out poems themselves. Rates are shares of poems; tones are the mean share of places; the longest run that a
poem shares with the training poems is counted in characters.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from luokuan.create.prosody import FORMS, keeps_form, keeps_rhyme, keeps_tones, lines_of
from luokuan.create.verses import Asked, draft_verses
from luokuan.foundation.corpus import open_texts
from luokuan.media import Text
from luokuan.models.evaluation.copying import Material, distinct
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.writing import write
from luokuan.models.registry import load_writing_model

REGULAR = [name for name, form in FORMS.items() if form.regular]
LONG = 14
"""Characters of a shared run that count as a copy: two lines of seven, nearly three of five."""


def held_out(corpus: Any) -> dict[str, list[tuple[str, str]]]:
    """Form to (title, poem) of the test split."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in REGULAR}
    for pieces in corpus.split("test"):
        document = "".join(pieces)
        head, _newline, poem = document.partition("\n")
        form, _dot, title = head.partition("·")
        if form in found:
            found[form].append((title, poem))
    return found


def kept(model: PlmModel, form: str, titles: Sequence[str], seed: int) -> list[str]:
    """Poems as the command makes them."""
    poems = []
    for number, title in enumerate(titles):
        draft = next(draft_verses(Asked(title, form), model=model, seed=seed + number))
        assert isinstance(draft.media, Text)
        poems.append(draft.media.text.split("\n\n", 1)[1])
    return poems


def free(model: PlmModel, form: str, titles: Sequence[str], seed: int) -> list[str]:
    """Poems by the model alone."""
    prompts = [f"{form}·{title}\n" for title in titles]
    return [found.text for found in write(model, prompts, seed=seed, manner=Manner(max_tokens=100))]


def measured(poems: Sequence[tuple[str, str]], material: Material) -> dict[str, Any]:
    """Figures of (form, poem)."""
    rhymes = [rhyme for _form, poem in poems if (rhyme := keeps_rhyme(poem)) is not None]
    shares = [share for _form, poem in poems if (share := keeps_tones(poem)) is not None]
    shared = [material.longest_shared(poem).length for _form, poem in poems]
    lines = [line for _form, poem in poems for line in lines_of(poem)]
    return {
        "poems": len(poems),
        "form": fmean(keeps_form(poem, FORMS[form]) for form, poem in poems),
        "rhyme": fmean(rhymes),
        "rhyme_poems": len(rhymes),
        "tones": fmean(shares),
        "distinct_2": distinct([poem for _form, poem in poems], 2),
        "longest_shared_median": median(shared),
        "longest_shared_most": max(shared),
        f"shared_{LONG}_or_more": fmean(length >= LONG for length in shared),
        "lines_twice": 1 - len(set(lines)) / len(lines),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--model", default="verse")
    parser.add_argument("--poems", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    corpus = open_texts(options.corpus)
    material = Material("".join(pieces) for pieces in corpus.split("train"))
    model = load_writing_model(options.model)
    real = {form: found[: options.poems // len(REGULAR)] for form, found in held_out(corpus).items()}
    rows: dict[str, list[tuple[str, str]]] = {"kept": [], "free": [], "real": []}
    begun = time.perf_counter()
    for form, found in real.items():
        titles = [title for title, _poem in found]
        rows["kept"] += [(form, poem) for poem in kept(model, form, titles, options.seed)]
    seconds = (time.perf_counter() - begun) / len(rows["kept"])
    for form, found in real.items():
        rows["free"] += [(form, p) for p in free(model, form, [title for title, _poem in found], options.seed)]
        rows["real"] += [(form, poem) for _title, poem in found]
    result = {name: measured(poems, material) for name, poems in rows.items()}
    result["model"] = {"name": model.folder.name, "digest": model.folder.digest, "seed": options.seed}
    result["model"]["seconds_a_poem"] = round(seconds, 3)
    if options.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    print(f"{'':<24}" + "".join(f"{name:>12}" for name in rows))
    for key in result["kept"]:
        print(f"{key:<24}" + "".join(f"{result[name][key]:>12.4g}" for name in rows))
    print(f"model {model.folder.digest}, seed {options.seed}, {seconds:.2f} s a poem")


if __name__ == "__main__":
    main()
