"""The rules of verse, on poems that everybody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.create import prosody
from luokuan.create.prosody import FORMS, LEVEL, OBLIQUE, form_of, keeps_form, keeps_rhyme, keeps_tones, tone_at, tones
from luokuan.errors import UserError

POEMS = Path(__file__).parents[2] / "examples/poems-small/poems.jsonl"
TOWER = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"
SPRING = "国破山河在，城春草木深。\n感时花溅泪，恨别鸟惊心。\n烽火连三月，家书抵万金。\n白头搔更短，浑欲不胜簪。"
MAPLE = "月落乌啼霜满天，江枫渔火对愁眠。\n姑苏城外寒山寺，夜半钟声到客船。"


@pytest.mark.parametrize(("poem", "form"), [(TOWER, "五绝"), (SPRING, "五律"), (MAPLE, "七绝")])
def test_poems_of_the_tang_keep_their_rules(poem: str, form: str) -> None:
    assert keeps_form(poem, FORMS[form])
    assert keeps_rhyme(poem)
    assert keeps_tones(poem) == 1.0
    assert not any(keeps_form(poem, other) for name, other in FORMS.items() if name != form)


def test_what_breaks_the_rules() -> None:
    assert keeps_rhyme(TOWER.replace("楼", "山")) is False
    assert keeps_rhyme(TOWER.replace("楼", "流")) is False  # the same character twice
    assert keeps_rhyme(TOWER.replace("楼", "㐀")) is None
    assert not keeps_form(TOWER.replace("楼", ""), FORMS["五绝"])
    assert not keeps_form(TOWER.replace("楼", "a"), FORMS["五绝"])
    broken = keeps_tones(TOWER.replace("日", "山"))
    assert broken is not None
    assert broken < 1
    assert keeps_tones("") is None


def test_the_scheme_of_tones_by_hand() -> None:
    """Oblique beginning of five characters (仄仄平平仄，平平仄仄平。平平平仄仄，仄仄仄平平。), places 2 and 4."""
    scheme = [[tone_at(line, place, 5, OBLIQUE) for place in (1, 3)] for line in range(4)]
    assert scheme == [[OBLIQUE, LEVEL], [LEVEL, OBLIQUE], [LEVEL, OBLIQUE], [OBLIQUE, LEVEL]]
    assert [tone_at(2, place, 7, LEVEL) for place in range(7)] == [None, OBLIQUE, None, LEVEL, None, OBLIQUE, OBLIQUE]
    assert tone_at(0, 4, 5, LEVEL) is None  # the first line may rhyme
    assert tone_at(1, 4, 5, LEVEL) is None  # the rhyme decides


def test_the_table() -> None:
    table = prosody.rhyme_table()
    assert [len(table[tone]) for tone in (LEVEL, OBLIQUE)] == [30, 76]
    assert prosody.level_rhymes("东") == {"上平声一东"}
    assert prosody.level_rhymes("月") == frozenset()
    assert (tones("楼"), tones("月"), tones("看"), tones("x")) == ({LEVEL}, {OBLIQUE}, {LEVEL, OBLIQUE}, frozenset())


def test_most_of_the_corpus_agrees() -> None:
    """The table and the rules are right if the poems keep them: of 330 regular ones, at least three in four."""
    found = []
    for line in POEMS.read_text(encoding="utf-8").splitlines():
        head, poem = json.loads(line)["text"].split("\n", 1)
        form = head.split("·")[0]
        if form in FORMS:
            assert keeps_form(poem, FORMS[form])
            found.append((keeps_rhyme(poem), keeps_tones(poem) or 0.0))
    assert len(found) > 300
    assert sum(rhyme is True for rhyme, _tones in found) / len(found) > 0.75
    assert sum(share for _rhyme, share in found) / len(found) > 0.88


def test_forms_by_their_names() -> None:
    assert form_of("qilv") is form_of("七律")
    assert FORMS["七律"].lengths == (7,) * 8
    assert FORMS["浣溪沙"].lengths == (7, 7, 7, 7, 7, 7)
    assert "".join(place for place in FORMS["五绝"].places if isinstance(place, str)) == "，。\n，。"
    assert len(FORMS["五绝"].places) == len(TOWER)
    with pytest.raises(UserError) as caught:
        form_of("sonnet")
    assert caught.value.code == "verse.form"
