from __future__ import annotations

import json

import pytest
import yaml
from drafts import DIGEST
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon import aigc
from luokuan.colophon.formats import TEXTS, Encoding, format_of_file, format_of_header
from luokuan.colophon.formats.base import HEADER_BYTES, LABEL, Tagged
from luokuan.colophon.formats.html import HTML
from luokuan.colophon.formats.text import JSON, MARKDOWN, PLAIN, TextFormat, is_text, mark_in, words_of
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.waiver import Waiver
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.media import Text

WORK = "0123456789abcdef"
AIGC = aigc.Aigc("1", "o'neill's", WORK)
each_format = pytest.mark.parametrize("row", TEXTS, ids=lambda row: row.name)


def labelled(row: TextFormat, text: str, language: str = "") -> Text:
    return row.labelled(Text(text, language), LabelOptions(), "lanczos", WORK)


def tagged(row: TextFormat, text: str) -> tuple[Text, Tagged]:
    media = labelled(row, text)
    return media, row.tag(row.encode(media, Encoding()), AIGC)


@each_format
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_and_label_come_back(row: TextFormat, text: str) -> None:
    try:
        media, made = tagged(row, text)
    except UserError as error:
        assert error.code == "text.empty"
        return
    row.check(made.data, media, Encoding())
    labels = row.read_labels(made.data, made.sidecars)
    assert labels.aigc is not None
    assert (aigc.parse(labels.aigc), labels.source) == (AIGC, GENERATED)
    assert format_of_file(made.data) is row
    if row is not PLAIN:
        assert format_of_header(made.data[:HEADER_BYTES]) is row
        assert set(made.sidecars) == ({LABEL} if row is HTML else set())
    if row is not JSON:
        assert row.mark(made.data) == WORK


def test_what_others_read() -> None:
    _media, made = tagged(MARKDOWN, "# 月\n\nsmall")
    front = yaml.safe_load(made.data.decode().split("---\n")[1])
    assert json.loads(front["AIGC"]) == AIGC.to_dict()
    _media, made = tagged(JSON, "月")
    assert json.loads(made.data) == {
        "AIGC": AIGC.to_dict(),
        "digitalSourceType": GENERATED,
        "text": f"月\n\n人工智能生成 AI generated [luokuan:{WORK}]\n",
    }
    _media, made = tagged(PLAIN, "月")
    assert made.data.decode() == f"月\n\n人工智能生成 AI generated [luokuan:{WORK}]\n"
    assert json.loads(made.sidecars[LABEL])["AIGC"] == AIGC.to_dict()


def test_the_label_follows_its_language() -> None:
    text = PLAIN.labelled(Text("a"), LabelOptions("en"), "lanczos", WORK).text
    assert text == f"a\n\nAI generated [luokuan:{WORK}]\n"


LABEL_LINE = "人工智能生成 AI generated"


@pytest.mark.parametrize(
    ("body", "policy", "leads"),
    [
        ("a\n" * 24 + "a", "both", True),
        ("a" * 1921, "both", True),
        ("a" * 1921, "eu", True),
        ("a" * 1921, "cn", False),
        ("a" * 1920, "both", False),
        ("a\n" * 23 + "a", "eu", False),
    ],
)
def test_a_text_longer_than_a_screen_begins_with_the_label(body: str, policy: str, leads: bool) -> None:
    text = PLAIN.labelled(Text(body), LabelOptions(policy=policy), "lanczos", WORK).text  # type: ignore[arg-type]
    start = f"{LABEL_LINE}\n\n" if leads else ""
    assert text == f"{start}{body}\n\n{LABEL_LINE} [luokuan:{WORK}]\n"
    assert words_of(text) == body


def test_a_waived_text_has_no_line_more() -> None:
    waived = LabelOptions(waiver=Waiver("a film", acknowledged=True))
    text = PLAIN.labelled(Text("\na\n\nb\n\n"), waived, "lanczos", WORK).text
    assert text == "a\n\nb\n"
    assert mark_in(text.encode()) is None


def test_what_could_steer_a_terminal_is_left_out() -> None:
    assert labelled(PLAIN, "a\x1b[31m\x00\u009bb\r\nc\rd\ufeff").text.startswith("a[31mb\nc\nd\n\n")


@pytest.mark.parametrize(("text", "code"), [(" \n", "text.empty"), ("", "text.empty"), ("a\ud800", "text.surrogate")])
def test_what_is_no_text(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        labelled(PLAIN, text)
    assert caught.value.code == code


@each_format
@given(data=st.binary(max_size=300), front=st.sampled_from([b"", b"---\nAIGC: ", b'{"AIGC": ', b"---\n", b"{"]))
def test_any_bytes_are_read_or_refused(row: TextFormat, data: bytes, front: bytes) -> None:
    for sidecars in ({}, {LABEL: front + data}):
        try:
            labels = row.read_labels(front + data, sidecars)
        except UserError as error:
            assert error.code == "format.damaged"
        else:
            assert labels.aigc is None or isinstance(labels.aigc, str)


def test_two_labels_are_damage() -> None:
    _media, made = tagged(MARKDOWN, "a")
    line = next(line for line in made.data.split(b"\n") if line.startswith(b"AIGC"))
    with pytest.raises(UserError):
        MARKDOWN.read_labels(made.data.replace(line, line + b"\n" + line), {})
    with pytest.raises(UserError):
        JSON.read_labels(b'{"AIGC": {}, "AIGC": {}}', {})
    with pytest.raises(UserError):
        JSON.read_labels(b"[" * 100_000, {})


def test_what_counts_as_text() -> None:
    assert is_text("月".encode())
    assert not is_text(b"")
    assert not is_text(b"a\0b")
    assert not is_text("é".encode("latin-1"))
    assert format_of_file(DIGEST.encode()) is PLAIN
    assert format_of_file(b"\xff\xfe") is None
    assert mark_in(b"no mark [luokuan:xyz]") is None
