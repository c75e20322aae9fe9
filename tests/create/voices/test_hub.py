"""Voices of others speak as ours do: words with their times, what they lack is named, whose they are is said."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hubvoices import CARD, CONSENT, LETTERS, RUSSIAN, change, save_hub_voice
from speechmodels import save_speech_model, voices_as_before

from luokuan import create
from luokuan.create.presenters.visemes import phones_of_words
from luokuan.create.speeches import Manner, draft_speech
from luokuan.create.voices.hub import ROMANISER, HubVoice, _written_out, card_of, slot_of
from luokuan.create.voices.pieces import pieces
from luokuan.create.voices.registry import voice_of
from luokuan.create.voices.trained import stored_cards, stored_voices, use_model, use_voices
from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, read_folder
from luokuan.media import Sound
from luokuan.models.registry import load_voice_model
from luokuan.models.vits.model import VitsVoice
from luokuan.rights.permission import permission_of
from luokuan.store.home import open_home

AGREED = CARD.replace("---\n# Tiny", f"consent: {CONSENT}\ncredit: Nobody\nsource: a test\n---\n# Tiny")
TEXT = "Hello there, fox. In 2024 we had 13 cats — really? Yes!"


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    with voices_as_before():
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_hub_voice(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture(scope="module")
def voice(place: Path) -> HubVoice:
    return loaded(place)


def loaded(path: Path) -> HubVoice:
    model = load_voice_model(str(path))
    assert isinstance(model, VitsVoice)
    return HubVoice(model)


@pytest.mark.parametrize("blank", [True, False])
def test_words_are_as_they_are_written(place: Path, tmp_path: Path, blank: bool) -> None:
    path = Path(shutil.copytree(place, tmp_path / "copy"))
    change(path / "tokenizer_config.json", add_blank=blank)
    found = list(loaded(path).say(TEXT))
    assert "".join(piece.text for piece in found) == TEXT and len(found) == 3
    assert "".join(word.text for piece in found for word in piece.sound.words) == TEXT
    for piece in found:
        times = [(word.start, word.end) for word in piece.sound.words]
        assert all(0 <= a < b for a, b in times) and all(b <= c for (_a, b), (c, _d) in itertools.pairwise(times))
        assert times[-1][1] <= piece.sound.seconds and piece.sound.rate == 24_000
        assert 0.3 < np.abs(piece.sound.samples).max() <= 1 and not piece.phones
    assert "2024 " in [word.text for word in found[1].sound.words]  # written out, yet one word


def test_a_word_lasts_as_long_as_its_letters(voice: HubVoice) -> None:
    (said,) = voice.say("a bbbbbbbbbbbbbbbb a")
    first, long, last = said.sound.words
    assert long.end - long.start > 3 * max(first.end - first.start, last.end - last.start)


def test_rate_pitch_and_seed(voice: HubVoice) -> None:
    def made(**how: float) -> Sound:
        (said,) = voice.say("hello there good morning", **how)  # type: ignore[arg-type]
        return said.sound

    plain, again = made(seed=7), made(seed=7)
    assert np.array_equal(plain.samples, again.samples) and plain.words == again.words
    assert not np.array_equal(plain.samples, made(seed=8).samples)
    assert made(seed=7, rate=0.5).seconds > 1.6 * plain.seconds
    for pitch in (-12.0, 5.0, 12.0):  # each letter is a whole number of frames, so that lengths aren't quite the same
        assert made(seed=7, pitch=pitch).seconds == pytest.approx(plain.seconds, rel=0.2)


def test_another_pitch_is_heard_higher(voice: HubVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    from luokuan.models.vits.model import Spoken

    def hum(letters: str, *, rate: float, seed: int) -> Spoken:
        seconds = 1.0 / rate + 0 * seed
        times = np.arange(round(16_000 * seconds)) / 16_000
        count = 2 * len(letters) + 1
        return Spoken(np.sin(2 * np.pi * 200 * times).astype(np.float32), seconds * np.arange(1, count + 1) / count)

    monkeypatch.setattr(voice._model, "say", hum)
    for pitch in (0.0, 12.0, -12.0):
        (said,) = voice.say("hello", pitch=pitch)
        samples = said.sound.samples[0, : 24_000 * 9 // 10]
        strongest = np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * 24_000 / len(samples)
        assert strongest == pytest.approx(200 * 2 ** (pitch / 12), abs=2)
        assert said.sound.seconds == pytest.approx(1.1, abs=0.05) and said.sound.words[0].end <= 1.01


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Pi is 3.14.", "Pi is three point one four ."),
        ("0.5 of 1,234.5", "zero point five of one thousand two hundred and thirty-four point five"),
        ("It costs $3.50, or €1.", "It costs three dollars fifty , or one euro ."),
        ("£0.125 or $1,200", "zero point one two five pounds or one thousand two hundred dollars"),
        ("a 20% share, 100 %", "a twenty percent share, one hundred percent"),
        ("the 21st and the 103rd", "the twenty-first and the one hundred and third"),
        ("in the 1990s or 1905", "in the nineteen nineties or nineteen oh-five"),
        ("007", "zero zero seven"),
        ("1234567890123", "one two three four five six seven eight nine zero one two three"),
        ("no figures", "no figures"),
    ],
)
def test_numbers_of_english_are_written_out(text: str, said: str) -> None:
    assert " ".join(_written_out(text).split()) == said


def test_what_its_vocabulary_lacks_is_left_out_and_named(voice: HubVoice, place: Path) -> None:
    assert voice.left_out("A fox’s café, 3 мир!") == "xéмир"
    assert voice.can_say("3") and voice.can_say("A") and not voice.can_say("мир …")
    assert list(voice.say("мир. --- …")) == []
    name = use_model(str(place))
    draft = draft_speech("A fox saw 你好 мир.", manner=Manner((name,)))
    assert draft.recipe.parameters["left_out"] == "xмир"
    with pytest.raises(UserError) as caught:
        draft_speech("мир", manner=Manner((name,)))
    assert caught.value.code == "speech.silent"


def test_another_alphabet_is_spoken_and_moves_lips(tmp_path: Path) -> None:
    card = CARD.replace("language: en", "language: [ru]")
    name = use_model(str(save_hub_voice(tmp_path / "ru", letters=RUSSIAN, card=card)))
    draft = draft_speech("Привет, мир! 你好。", manner=Manner((name,)))
    assert isinstance(draft.media, Sound)
    assert draft.recipe.model == "ru+mandarin" and draft.recipe.parameters["left_out"] == ""
    assert "".join(word.text for word in draft.media.words) == "Привет, мир! 你好。"
    assert voice_of("ru").card.languages == ("ru",) and voice_of("ru").card.title.startswith("Russian")
    assert [one.symbol for one in phones_of_words(draft.media.words[:1])] == ["ə"] * 6


def test_a_chinese_voice_speaks_chinese(tmp_path: Path) -> None:
    letters = "_ 你好世界大家早"
    path = save_hub_voice(tmp_path / "zh", letters=letters, card="---\nlicense: mit\nlanguage: cmn\n---\n")
    assert slot_of(read_folder(path)) == "zh"
    draft = draft_speech("你好，世界！hi", manner=Manner((use_model(str(path)),)))
    assert draft.recipe.model == "zh+heart" and draft.media.words[0].text.startswith("你好")
    japanese = save_hub_voice(tmp_path / "ja", letters="_ 世あいうえお", card="---\nlanguage: ja\n---\n")
    assert slot_of(read_folder(japanese)) == "en"


@pytest.mark.parametrize(
    ("letters", "romanised", "language", "slot"),
    [("_ 你好", False, "", "zh"), ("_ abc", True, "", "en"), ("_ abc", True, "cmn", "zh"), ("_ abc", True, "kor", "en"),
     ("_ abc", False, "cmn", "en"), ("_ 你好", False, "kor", "en")],
)  # fmt: skip
def test_chinese_goes_to_who_is_said_to_speak_it_or_reads_it(
    tmp_path: Path, letters: str, romanised: bool, language: str, slot: str
) -> None:
    settings = {"is_uroman": romanised, "language": language}
    path = save_hub_voice(tmp_path / "one", letters=letters, card="---\nlicense: mit\n---\n", tokenizer=settings)
    assert slot_of(read_folder(path)) == slot


def test_letters_that_must_be_romanised(place: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(place, tmp_path / "ko"))
    change(path / "tokenizer_config.json", is_uroman=True, language="kor")
    (path / "README.md").unlink()
    voice = loaded(path)
    assert voice.card.languages == ("ko",) and voice.can_say("hello")
    if importlib.util.find_spec(ROMANISER) is None:
        with pytest.raises(UserError) as caught:
            draft_speech("안녕 hello", manner=Manner((use_model(str(path)),)))
        assert caught.value.code == "voice.package" and ROMANISER in caught.value.do
        return
    (said,) = voice.say("안녕 hello")
    assert [word.text for word in said.sound.words] == ["안녕 ", "hello"] and voice.left_out("안녕") == ""


def folder_with(place: Path, path: Path, card: str) -> ModelFolder:
    shutil.copytree(place, path)
    (path / "README.md").write_text(card, encoding="utf-8")
    return read_folder(path)


def test_its_card_is_the_models(place: Path, tmp_path: Path) -> None:
    silent = card_of(read_folder(place))
    assert (silent.licence, silent.consent, silent.works_licence) == ("MIT", "", "unknown")
    agreed = card_of(folder_with(place, tmp_path / "agreed", AGREED))
    assert (agreed.licence, agreed.consent, agreed.credit) == ("MIT", CONSENT, "Nobody")
    assert agreed.works_licence == "MIT" and agreed.source == "a test" and agreed.name == "agreed"
    none = card_of(folder_with(place, tmp_path / "hub/owner/none", "no front matter"))
    assert none.licence == "unknown" and none.languages == ("en",)  # as the tokenizer says
    assert none.source == "https://huggingface.co/owner/none"
    for said in ("[a, b]", "3", '"a\\u202eb"', "x" * 1000):
        odd = folder_with(place, tmp_path / f"odd{said[:2]}", CARD.replace("language: en", f"consent: {said}"))
        assert card_of(odd).consent == ""


@pytest.mark.parametrize(("card", "licence", "may"), [(CARD, "unknown", "NO"), (AGREED, "MIT", "ONLY_IF")])
def test_works_stand_under_its_licence_if_somebody_agreed(
    place: Path, tmp_path: Path, card: str, licence: str, may: str
) -> None:
    home = open_home()
    folder = folder_with(place, home.models / "mine", card)
    work = create.speech("Good morning.", voices="mine", home=home)
    assert work.recipe.licence == licence
    (told,) = work.recipe.parameters["voices"]
    assert (told["name"], told["digest"], told["licence"]) == ("mine", folder.digest, "MIT")
    assert work.recipe.model == "mine" and work.recipe.model_digest == folder.digest
    assert permission_of(work.id, home).answer.name == may  # with the credit that the card asks for


def test_those_in_the_store_are_found(place: Path) -> None:
    home = open_home()
    shutil.copytree(place, home.models / "mine")
    broken = Path(shutil.copytree(place, home.models / "broken"))
    (broken / "tokenizer_config.json").write_text("{", encoding="utf-8")
    save_speech_model(home.models / "own")
    assert {card.name for card in stored_cards(home)} >= {"mine", "broken", "own"}  # one doesn't hide the others
    assert stored_voices(("mine", "broken", "own"), home) == dict.fromkeys(("mine", "broken", "own"), "en")
    use_voices(("mine", "own"), home)
    assert isinstance(voice_of("mine"), HubVoice) and not isinstance(voice_of("own"), HubVoice)
    with pytest.raises(UserError):
        use_voices(("broken",), home)


def test_pieces_are_the_text_together(voice: HubVoice) -> None:
    text = "… One. Две! Two? -- "
    assert list(pieces(text, voice.can_say)) == ["… One. Две! ", "Two? -- "]
    assert list(pieces("Две!", voice.can_say)) == [] and LETTERS[0] not in text
    assert replace(voice.card, consent="x").works_licence == "MIT"
