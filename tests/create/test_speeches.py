"""Texts become sounds with words, and finished works with captions beside them."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from luokuan import create
from luokuan.colophon.captions import SRT, VTT
from luokuan.colophon.collection import public_record
from luokuan.colophon.derive import finish_again
from luokuan.colophon.finish import export_work
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Recipe, Work
from luokuan.colophon.verification import verify_file, works_in
from luokuan.create.speeches import LONGEST, Manner, draft_speech, speak
from luokuan.errors import UserError
from luokuan.media import Sound
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import find_work

TEXT = "大家好，今天是2024年3月5日。Hello, it is 7:30 pm."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return open_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def work(home: Home) -> Work:
    return create.speech(TEXT, home=home, label=LabelOptions("cn", policy="cn"))


def test_each_language_is_spoken_by_its_voice() -> None:
    draft = draft_speech(TEXT)
    assert isinstance(draft.media, Sound) and draft.kind == "speech"
    assert draft.media.samples.shape[0] == 1 and np.abs(draft.media.samples).max() <= 0.95
    words = draft.media.words
    assert "".join(word.text for word in words) == TEXT
    assert all(a.start <= a.end <= b.start + 1e-6 for a, b in itertools.pairwise(words))
    assert words[-1].end < draft.media.seconds < 15
    recipe = draft.recipe
    assert recipe.model == "mandarin+heart" and recipe.brief == TEXT
    assert recipe.licence == "Apache-2.0 AND CC-BY-SA" and "Chen Wang" in recipe.credit
    assert [voice["name"] for voice in recipe.parameters["voices"]] == ["mandarin", "heart"]
    assert all(voice["consent"] for voice in recipe.parameters["voices"])


def test_english_alone_asks_for_no_credit() -> None:
    recipe = draft_speech("Hello.").recipe
    assert (recipe.model, recipe.licence, recipe.credit) == ("heart", "Apache-2.0", "")
    assert "credit" not in recipe.to_dict() and Recipe.from_dict(recipe.to_dict()) == recipe


def test_a_telephone_number_is_one_word() -> None:
    words = draft_speech("请打13812345678，谢谢。").media.words  # type: ignore[union-attr]
    assert "13812345678，" in [word.text for word in words]


def test_the_work_has_captions_that_wait_for_the_label(work: Work, home: Home, tmp_path: Path) -> None:
    path = export_work(work, tmp_path / "x.wav").path
    assert path is not None
    srt, vtt = (Path(f"{path}{ending}").read_text(encoding="utf-8") for ending in (SRT, VTT))
    assert srt.startswith("1\n00:00:00,000 --> 00:00:01,5") and "[人工智能生成]" in srt
    assert "NOTE Voice by Chen Wang" in vtt
    assert "".join(["2024年3月5日"]) in srt
    verdict = verify_file(path, home=home)
    assert verdict.verdict == "ours"
    assert any("Chen Wang" in sentence for _about, sentence in verdict.table)
    assert works_in(tmp_path) == [path]


def test_its_credit_is_public(work: Work, home: Home) -> None:
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
    assert row is not None
    record = public_record(row)
    assert "Chen Wang" in record["credit"] and len(record["beside"]) == 2


def test_a_copy_has_captions_too(work: Work, home: Home) -> None:
    copy = finish_again(work.id, home=home, media_type="audio/flac", label=LabelOptions("cn", policy="cn"))
    assert copy.sidecars[SRT] == work.sidecars[SRT]


@pytest.mark.parametrize("media_type", ["audio/mpeg", "audio/ogg"])
def test_other_formats(home: Home, media_type: str) -> None:
    made = create.speech("你好。", home=home, media_type=media_type, voices="mandarin", rate=1.3, pitch=-2)
    assert made.media_type == media_type and {SRT, VTT} <= set(made.sidecars)
    assert made.label == "人工智能生成 AI generated"  # spoken


def test_pieces_come_as_they_are_spoken() -> None:
    seen: list[str] = []
    draft_speech("一。二。", on_piece=lambda said: seen.append(said.text))
    assert seen == ["一。", "二。"]
    assert next(speak("一。二。")).text == "一。"


@pytest.mark.parametrize(
    "text", ["", "   \n", "。！？", "😀👍🏽🎉", "مرحبا بالعالم", "שלום", "привет", "\u202e\u200b\x00", "̀"]
)
def test_nothing_that_can_be_spoken(text: str) -> None:
    with pytest.raises(UserError) as caught:
        draft_speech(text)
    assert caught.value.code == "speech.silent"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("😀hi", "hi"), ("مرحبا hello שלום", "hello"), ("a\u202eb", "ab"), ("你\u200b好🎉", "你好"), ("ﬁne ½", "fine")],
)
def test_mixed_scripts_and_emoji(text: str, spoken: str) -> None:
    draft = draft_speech(text)
    said = "".join(word.text for word in draft.media.words)  # type: ignore[union-attr]
    assert spoken[:2] in said or spoken == "fine"
    assert draft.media.seconds > 0.2  # type: ignore[union-attr]


def test_what_is_left_out_is_told() -> None:
    assert draft_speech("hello мир").recipe.parameters["left_out"] == "мир"


@pytest.mark.parametrize(("text", "code"), [("好" * 100_000, "speech.long"), ("a\ud800b", "speech.surrogate")])
def test_what_is_refused(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        draft_speech(text)
    assert caught.value.code == code


def test_the_longest_text_is_under_the_limit() -> None:
    assert LONGEST < 100_000
    next(speak("好。" * (LONGEST // 2)))  # begins at once


@pytest.mark.parametrize("how", [{"rate": 0.0}, {"rate": -1.0}, {"rate": 9.0}, {"pitch": 13.0}, {"rate": math.nan}])
def test_rate_and_pitch_out_of_range(how: dict[str, float]) -> None:
    with pytest.raises(UserError) as caught:
        Manner(**how)  # type: ignore[arg-type]
    assert caught.value.code == "speech.range"


def test_an_unknown_voice() -> None:
    with pytest.raises(UserError) as caught:
        draft_speech("你好", manner=Manner(("mandrin",)))
    assert caught.value.code == "voice.unknown" and "mandarin" in caught.value.do
