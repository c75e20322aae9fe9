"""Voices are found by name and by language."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from luokuan.create.voices import registry
from luokuan.create.voices.english import CARD
from luokuan.create.voices.registry import cards, for_languages, names, register, row_of, voice_of
from luokuan.create.voices.trained import use_model
from luokuan.errors import UserError
from luokuan.foundation.modelfolder import STARTERS


def test_each_voice_has_a_whole_card() -> None:
    found = cards()
    assert {card.name for card in found} == set(names()) >= {"mandarin", "heart", "kathleen"}
    for card in found:
        assert card.title and card.licence and card.source and card.consent and card.quality
        assert card.works_licence == card.licence


@pytest.mark.parametrize("consent", ["", "none", "Unknown.", "未取得", "asked twice; refused"])
def test_without_consent_works_have_no_licence(consent: str) -> None:
    assert replace(CARD, consent=consent).works_licence == "unknown"


@pytest.mark.parametrize(("name", "near"), [("mandarn", "mandarin"), ("Heart", "heart"), ("hart", "heart")])
def test_an_unknown_voice_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UserError) as caught:
        row_of(name)
    assert caught.value.code == "voice.unknown" and near in caught.value.do


def test_the_name_in_the_message_is_cut() -> None:
    with pytest.raises(UserError) as caught:
        row_of("x" * 1000)
    assert len(str(caught.value)) < 200


def test_one_voice_a_language() -> None:
    assert for_languages() == {"zh": "mandarin", "en": "heart"}
    assert for_languages(("heart",)) == {"zh": "mandarin", "en": "heart"}


def test_a_starter_speaks_by_name_and_as_a_model(own_home: Path) -> None:
    voice = voice_of("kathleen")
    assert voice.card.languages == ("en-US",) and voice.card.works_licence == "CC0-1.0"
    assert "kathleen" in registry.come_along() and for_languages(("kathleen",))["en"] == "kathleen"
    assert use_model("kathleen") == "kathleen" and voice_of("kathleen") is voice
    shutil.copytree(STARTERS / "kathleen", own_home / "models/kathleen")
    with pytest.raises(UserError) as caught:  # another model of this name
        use_model("kathleen")
    assert caught.value.code == "voice.taken"


def test_a_voice_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ROWS", dict(registry._ROWS))
    own = voice_of("mandarin")
    register("own", "zh", lambda: own)
    assert voice_of("own") is own and for_languages(("own",))["zh"] == "own"
    with pytest.raises(UserError) as caught:
        for_languages(("own", "mandarin"))
    assert caught.value.code == "voice.twice"
    registry.voice_of.cache_clear()
