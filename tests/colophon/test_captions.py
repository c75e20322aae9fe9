"""Captions hold all words, in lines that can be read, at their times."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.colophon.captions import COLUMNS, LINES, LONGEST, SRT, VTT, captions, reading_time, width
from luokuan.media import Sound, Word

TIME = re.compile(r"(\d\d):(\d\d):(\d\d)[.,](\d{3})")


def spoken(text: str, each: float = 0.3, gap: float = 0.0) -> Sound:
    """A sound in which each piece of ``text`` (a word with its spaces, or a Chinese character) takes so long."""
    words, now = [], 0.0
    for piece in re.findall(r"[^\s\u4e00-\u9fff]+\s*|[\u4e00-\u9fff][^\w\s]*\s*|\s+", text):
        words.append(Word(piece, now, now + each))
        now += each + gap
    return Sound(np.zeros((1, round((now + 2) * 8000)), np.float32), 8000, tuple(words))


def seconds(text: str) -> float:
    match = TIME.fullmatch(text)
    assert match
    hours, minutes, whole, rest = map(int, match.groups())
    return 3600 * hours + 60 * minutes + whole + rest / 1000


def cues(srt: str) -> list[tuple[float, float, list[str]]]:
    found = []
    for number, block in enumerate(srt.strip().split("\n\n"), 1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        start, end = times.split(" --> ")
        found.append((seconds(start), seconds(end), lines))
    return found


ENGLISH = "The quick brown fox jumps over the lazy dog near the river. It was a bright, cold day in April, and the clocks were striking thirteen. "  # noqa: E501
CHINESE = "今天天气很好，我们一起去公园散步，看见了很多漂亮的花儿和小鸟。你喜欢吃什么水果？我想买三斤苹果。"


@pytest.mark.parametrize(
    "text", [ENGLISH * 4, CHINESE * 4, ENGLISH + CHINESE, "supercalifragilisticexpialidocious " * 9]
)
def test_all_is_shown_in_lines_that_fit(text: str) -> None:
    made = captions(spoken(text), 0.0, "")
    found = cues(made[SRT].decode())
    shown = " ".join(line for _start, _end, lines in found for line in lines)
    assert "".join(shown.split()) == "".join(text.split())
    for start, end, lines in found:
        assert 0 < end - start <= LONGEST + 0.4
        assert len(lines) <= LINES and all(width(line) <= COLUMNS for line in lines)
        assert not any(line[0] in "，。！？,.!?" for line in lines)
    assert all(a[1] <= b[0] + 0.002 for a, b in itertools.pairwise(found))


def test_sentences_and_pauses_end_cues() -> None:
    assert len(cues(captions(spoken("One two. Three four."), 0, "")[SRT].decode())) == 2
    assert len(cues(captions(spoken("one two three", gap=0.7), 0, "")[SRT].decode())) == 3


def test_a_short_cue_stays_as_long_as_it_takes_to_read() -> None:
    sound = Sound(np.zeros((1, 80_000), np.float32), 8000, (Word("Incomprehensibilities!", 0.0, 0.4),))
    ((_start, end, _lines),) = cues(captions(sound, 0, "")[SRT].decode())
    assert end == pytest.approx(reading_time("Incomprehensibilities!"), abs=0.01)


def test_the_label_is_shown_while_it_is_heard() -> None:
    made = captions(spoken("Hello there."), 4.0, "AI generated", ["AI generated", "Voice by A -->\nB", " "])
    first, second = cues(made[SRT].decode())
    assert first == (0.0, 4.0, ["[AI generated]"]) and second[0] == 4.0
    vtt = made[VTT].decode()
    assert vtt.startswith("WEBVTT\n\nNOTE AI generated\n\nNOTE Voice by A → B\n\n")


def test_webvtt_has_the_time_of_each_word_and_no_markup_of_others() -> None:
    vtt = captions(spoken("a <b> & c."), 1.0, "")[VTT].decode()
    times = "00:00:01.000 --> 00:00:02.200"
    assert vtt == (f"WEBVTT\n\n{times}\na <00:00:01.300>&lt;b&gt; <00:00:01.600>&amp; <00:00:01.900>c.\n")


def test_without_words_there_are_none() -> None:
    assert captions(Sound(np.zeros((1, 80), np.float32), 8000), 1.0, "x") == {}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab é中文，。.!\n\u0644😀-", min_size=1, max_size=120))
def test_any_text_gives_files_that_parse(text: str) -> None:
    sound = spoken(text)
    made = captions(sound, 0.5, "AI")
    if not text.strip():
        assert made == {}
        return
    first, *others = cues(made[SRT].decode())
    assert first[2] == ["[AI]"] and others
    times = [seconds(f"{h}:{m}:{s}.{ms}") for h, m, s, ms in TIME.findall(made[VTT].decode())]
    assert len(times) >= 4 and max(times) <= sound.seconds + 0.5
