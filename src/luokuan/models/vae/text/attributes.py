"""Attributes of sentences as directions in z: difference of the mean latents with and without one.

Vector arithmetic in latents: White 2016, arXiv 1609.04468, sec. 3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.foundation.corpus.sentences import Sentence
from luokuan.models.evaluation.copying import letters_of

LEAST = 20
"""Sentences with an attribute, and without it, from which on it has a direction."""
VALUES = 12
"""Different values of a column above which it is no attribute, but a name."""
MOST = 64
"""Directions in a folder."""
TONES = {"question": "?？", "exclamation": "!！"}
"""Marks that end a sentence of a tone; every other one is a statement."""
METRES = {5: "五言", 7: "七言"}
"""Characters of each clause of a poem, and what such a form is called."""
VERSE = 0.9
"""Share of the sentences that are poems from which on their form is an attribute."""
_CLOSING = "\"'”’」』）)»"


def tone_of(text: str) -> str:
    """``question``, ``exclamation`` or ``statement``, by the mark that ends it."""
    bare = text.rstrip().rstrip(_CLOSING)
    return next((tone for tone, marks in TONES.items() if bare.endswith(tuple(marks))), "statement")


def metre_of(text: str) -> str:
    """``五言`` or ``七言`` where all clauses, two or more, have five or seven Chinese characters each; else empty."""
    clauses = [clause for clause in re.split(r"[，。！？；、\s]+", text.strip()) if clause]
    sizes = {len(clause) for clause in clauses}
    if len(clauses) < 2 or len(sizes) > 1 or not all(re.fullmatch(r"[\u3400-\u9fff]+", clause) for clause in clauses):
        return ""
    return METRES.get(sizes.pop(), "")


def directions(sentences: Sequence[Sentence], means: Tensor) -> dict[str, Tensor]:
    """Mean latent with an attribute minus that without it, by name: (D,) each.

    ``length``: the third with most letters against that with fewest. ``tone=…``: see ``tone_of``. ``COLUMN=VALUE``:
    what the corpus says, such as ``form=七绝``; poems of which it says nothing have their ``metre_of`` as their form.

    Args:
        means: μ of each sentence, (N, D).
    """
    found: dict[str, Tensor] = {}
    lengths = np.array([len(letters_of(one.text)) for one in sentences])
    low, high = np.quantile(lengths, (1 / 3, 2 / 3)) if len(lengths) else (0, 0)
    if low < high and min((lengths >= high).sum(), (lengths <= low).sum()) >= LEAST:
        found["length"] = _mean(means, lengths >= high) - _mean(means, lengths <= low)
    columns: dict[str, list[str]] = {"tone": [tone_of(one.text) for one in sentences]}
    for name in sorted({name for one in sentences for name in one.known} - {"tone"}):
        columns[name] = [one.known.get(name, "") for one in sentences]
    if "form" not in columns:
        forms = [metre_of(one.text) for one in sentences]
        if sum(map(bool, forms)) >= VERSE * len(forms):
            columns["form"] = forms
    for name, values in columns.items():
        counts = Counter(values)
        if not 2 <= len(counts) <= VALUES:
            continue
        for value, count in sorted(counts.items()):
            if value and LEAST <= count <= len(values) - LEAST and len(found) < MOST:
                has = np.array([one == value for one in values])
                found[f"{name}={value}"] = _mean(means, has) - _mean(means, ~has)
    return found


def _mean(means: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    return means[torch.from_numpy(chosen)].mean(dim=0)
