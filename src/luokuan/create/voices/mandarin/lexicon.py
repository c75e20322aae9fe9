"""Words whose sound no rule tells, from ``data/lexicon-zh.json``."""

from __future__ import annotations

import json
from pathlib import Path

_WORDS: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "data" / "lexicon-zh.json").read_text(encoding="utf-8")
)
SOFT_SECOND = frozenset(_WORDS["soft_second"].split())
"""Words whose second syllable is neutral."""
WITH_R = frozenset(_WORDS["with_r"].split())
"""Words in which 儿 colours the syllable before."""
FULL_ZI = frozenset(_WORDS["full_zi"].split())
"""Words in which 子 keeps its tone."""
