from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprints import distance
from luokuan.colophon.fingerprint import QUALITY, fingerprints_of, glance, kind_of
from luokuan.colophon.fingerprint import text as module
from luokuan.colophon.fingerprint.text import ALIKE, MAYBE, SURE, of_text, resemblance

ENGLISH = (
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and "
    "nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the "
    "world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself "
    "growing grim about the mouth; whenever it is a damp, drizzly November in my soul; then, I account it high time to "
    "get to sea as soon as I can. This is my substitute for pistol and ball. There is nothing surprising in this."
)
CHINESE = (
    "话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。汉朝自高祖斩白蛇而起义，"
    "一统天下，后来光武中兴，传至献帝，遂分为三国。推其致乱之由，殆始于桓、灵二帝。桓帝禁锢善类，崇信宦官。"
)
OTHER = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despair, we had everything before us."
)
texts = st.text(max_size=200)


def sketch_of(text: str) -> bytes:
    found = glance(text.encode(), "text/plain")
    assert found is not None
    return bytes.fromhex(found["sketch"])


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_the_same_words_have_the_same_fingerprint(text: str) -> None:
    kept = of_text(text)
    assert kept.quality >= QUALITY["text"]
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    for same in (text.upper(), wide, text.replace(" ", "\n"), text.replace("，", ", "), "\ufeff" + text, f"  {text}…"):
        assert of_text(same) == kept


def test_a_changed_word_changes_little_and_another_text_is_another() -> None:
    kept = of_text(ENGLISH)
    assert distance(kept.bits, of_text(ENGLISH.replace("grim", "sour")).bits) <= SURE
    assert distance(kept.bits, of_text(CHINESE).bits) > MAYBE
    assert distance(kept.bits, of_text(OTHER).bits) > MAYBE
    changed = ENGLISH.replace("This is my substitute for pistol and ball.", "Thus I keep away from the law courts.")
    assert distance(kept.bits, of_text(changed).bits) <= MAYBE
    assert resemblance(changed, sketch_of(ENGLISH)) >= ALIKE > 0.1 > resemblance(OTHER, sketch_of(ENGLISH))


@given(texts, texts)
def test_distances_are_those_of_a_metric(one: str, other: str) -> None:
    a, b = of_text(one), of_text(other)
    assert len(a.bits) == 8 and 0 <= a.quality <= 100
    assert distance(a.bits, b.bits) == distance(b.bits, a.bits) <= 64
    assert a == of_text(one)
    assert 0 <= resemblance(one, sketch_of(other or "x")) <= 1
    assert resemblance(one, sketch_of(one)) == 1 if one else True


@given(texts, st.integers(0, 30))
def test_order_of_passages_matters_little_and_repeats_nothing(text: str, times: int) -> None:
    parts = [f"{text} one two three four five six seven. "] * (times + 2)
    assert of_text("".join(parts)) == of_text("".join(parts[:2]))


def test_short_texts_tell_nothing() -> None:
    for text in ("", " ", "Dear Ann,", "床前明月光", "ha " * 500, "—" * 100):
        assert of_text(text).quality < QUALITY["text"]
    assert of_text("床前明月光，疑是地上霜。举头望明月，低头思故乡。").quality >= QUALITY["text"]


def test_our_own_label_has_no_say_and_broken_files_have_no_fingerprint() -> None:
    label = "人工智能生成 AI generated [luokuan:0123456789abcdef]\n"
    bare = fingerprints_of(ENGLISH.encode(), "text/plain")
    assert bare == (of_text(ENGLISH),)
    assert fingerprints_of(f"{ENGLISH}\n\n{label}".encode(), "text/plain") == bare
    front = f"---\nAIGC: '{{}}'\ndigitalSourceType: x\n---\n\n{ENGLISH}\n\n{label}"
    assert fingerprints_of(front.encode(), "text/markdown") == bare
    for broken in (b"\xff\xfe", b"{", b"[]", b"{}", b"[" * 100_000, b"null"):
        assert fingerprints_of(broken, "application/json") == ()
        assert glance(broken, "application/json") is None
    assert glance(b"\xff", "text/plain") is None


def test_a_long_text_is_read_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LETTERS", 100)
    assert of_text(ENGLISH) == of_text(ENGLISH[:300])
    assert of_text("\ufdfa" * 1000) == of_text("\ufdfa" * 50)  # one character that unfolds into eighteen


def test_kinds() -> None:
    assert [kind_of(t) for t in ("image/png", "audio/ogg", "text/markdown", "audio/midi", "video/mp4")] == [
        "picture",
        "sound",
        "text",
        None,
        "clip",
    ]
    assert fingerprints_of(b"MThd", "audio/midi") == ()
    assert glance(b"MThd", "audio/midi") is None
