"""Pages: what others' parsers see in ours, and what hostile ones do to our reader."""

from __future__ import annotations

import json
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.aigc import Aigc, parse
from luokuan.colophon.formats import Encoding, format_of_file, format_of_header
from luokuan.colophon.formats.base import LABEL, Tagged
from luokuan.colophon.formats.html import HEAD_BYTES, HTML, is_labelled
from luokuan.colophon.formats.text import words_of
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.verdict import judge
from luokuan.colophon.waiver import Waiver
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.media import Text

WORK = "0123456789abcdef"
AIGC = Aigc("1", "o'neill\"<&>", WORK)
NASTY = '<script>alert(1)</script> & &amp; "quoted" <img src=x onerror=alert(1)></div></main>\t]]><!-- \'\n\n月 <p>'


def page(text: str, language: str = "en", options: LabelOptions | None = None) -> tuple[Text, Tagged]:
    media = HTML.labelled(Text(text, language), options or LabelOptions(), "lanczos", WORK)
    return media, HTML.tag(HTML.encode(media, Encoding()), AIGC)


class Seen(HTMLParser):
    """What a parser that isn't ours sees."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: dict[str, str] = {}
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(dict(attrs).get("class") or tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for name in self.open:
            self.words[name] = self.words.get(name, "") + data


@pytest.mark.parametrize("text", [NASTY, "a", "\n\nline\n  indented\n", "&lt;", "&#65;&notit;", "a\n\nb [luokuan:x]"])
def test_a_page_shows_the_label_and_the_text_and_runs_nothing(text: str) -> None:
    media, made = page(text, 'zh"><script>')
    HTML.check(made.data, media, Encoding())
    seen = Seen(made.data)
    tags = {tag for tag, _attributes in seen.tags}
    assert tags == {"html", "head", "meta", "title", "style", "body", "main", "p", "span", "small", "div"}
    assert not any(name.startswith("on") for _tag, attributes in seen.tags for name in attributes)
    assert seen.words["text"] == words_of(media.text)
    assert seen.words["aigc"] == f"人工智能生成 AI generated [luokuan:{WORK}]"
    assert [attributes for tag, attributes in seen.tags if tag == "span"] == [{"lang": "zh-CN"}, {"lang": "en"}]
    assert ("p", {"class": "aigc", "role": "note"}) in seen.tags
    assert made.data.index(b'class="aigc"') < made.data.index(b'class="text"'), "a reader meets the label first"
    metas = {one["name"]: one["content"] for tag, one in seen.tags if tag == "meta" and "name" in one}
    assert json.loads(metas["AIGC"] or "") == AIGC.to_dict()
    assert metas["digitalSourceType"] == GENERATED
    policy = next(one for tag, one in seen.tags if "http-equiv" in one)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), language=st.text(max_size=9))
def test_any_text_comes_back_and_stays_text(text: str, language: str) -> None:
    for options in (LabelOptions(), LabelOptions("en"), LabelOptions(waiver=Waiver("a film", acknowledged=True))):
        try:
            media, made = page(text, language.encode("utf-8", "ignore").decode(), options)
        except UserError as error:
            assert error.code == "text.empty"
            return
        HTML.check(made.data, media, Encoding())
        assert len([tag for tag, _attributes in Seen(made.data).tags if tag not in ("p", "span", "small")]) == 12
        labels = HTML.read_labels(made.data, made.sidecars)
        assert (parse(labels.aigc or ""), labels.source) == (AIGC, GENERATED)
        assert labels == HTML.read_labels(made.data, {})
        assert format_of_file(made.data) is HTML


def test_a_waived_page_has_no_label_and_its_metadata() -> None:
    _media, made = page("a", options=LabelOptions(waiver=Waiver("a film", acknowledged=True)))
    assert b'class="aigc"' not in made.data
    assert HTML.mark(made.data) is None
    assert HTML.read_labels(made.data, {}).aigc is not None


def aigc(work: str = WORK) -> str:
    return Aigc("1", "a", work).build().replace('"', "&quot;")


META, OTHER = (f'<meta name="AIGC" content="{aigc(work)}">' for work in (WORK, "f" * 16))


@pytest.mark.parametrize(
    "head",
    [
        META.replace("meta", "META").replace("name", "Name").replace("AIGC", "aigc", 1),
        f"<meta content='{Aigc('1', 'a', WORK).build()}' name=AIGC>",
        f"{META}{META}",
        f"<!--{OTHER}-->{META}",
        f"<script>'{OTHER}'</script>{META}",
        f"<title>&lt;meta&gt;</title><body>{META}",
        META.replace(">", " name=viewport>"),
        META.replace("&quot;", "&#34;").replace(">", "/>"),
    ],
)
def test_labels_of_others_are_read_as_browsers_read_them(head: str) -> None:
    labels = HTML.read_labels(f"<!doctype html>\n<head>{head}".encode(), {})
    assert parse(labels.aigc or "").produce_id == WORK


@pytest.mark.parametrize("head", ["", "<meta>", "<meta name>", f"<!--{META}-->", f"<!--{META}", "<title>AIGC</title>"])
def test_pages_without_a_label(head: str) -> None:
    assert HTML.read_labels(f"<html>{head}".encode(), {}).aigc is None


def refused(data: bytes, beside: dict[str, bytes] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        HTML.read_labels(data, beside or {})
    return caught.value.code


def test_labels_that_contradict_each_other_are_refused() -> None:
    assert refused(f"<html>{META}{OTHER}".encode()) == "aigc.invalid"
    assert refused(f"<html>{META}<meta name=AIGC>".encode()) == "aigc.invalid"
    beside = {LABEL: json.dumps({"AIGC": Aigc("1", "a", "f" * 16).to_dict()}).encode()}
    assert refused(f"<html>{META}".encode(), beside) == "aigc.invalid"
    facts = Inspector().inspect_bytes(f"<!doctype html>{META}{OTHER}".encode())
    assert judge(Path("a"), facts, None).verdict == "labelled"


@pytest.mark.parametrize("value", ["\x1b[31m", "\0", "\u202e", "\n", "月", " "])
def test_a_label_with_characters_that_steer_isnt_one(value: str) -> None:
    label = json.dumps({**AIGC.to_dict(), "ContentProducer": value}).replace("'", "&#39;")
    facts = Inspector().inspect_bytes(f"<html><meta name=AIGC content='{label}'>".encode())
    assert facts.aigc is None
    assert facts.aigc_problem == "aigc.invalid"


@pytest.mark.parametrize(
    "data",
    [
        b"<html><meta name=AIGC content='" + b"a" * 10_000_000,
        b"<html>" + b"a" * 10_000_000,
        b"<html>" + b"<!--" * 100_000,
        b"<html>" + b"<a " * 100_000,
        b"<html>" + b"</" * 200_000,
        b"<html>" + b"<meta " * 100_000,
        b"<html>" + b"<meta name=" * 100_000,
        b"<html>" + b"<![" * 100_000,
        b"<html>" + b"&" * 300_000,
        b"<html>" + b"<!" * 200_000,
        b"<html>" + b"<?" * 200_000,
        b"<html>" + b"<div>" * 100_000,
        b"<html><script>" + b"</scrip" * 50_000,
        b"<html><a" + b" a" * 150_000,
        b"<html><a" + b" a='" * 100_000,
        b"<html" + b"\0" * 300_000,
    ],
    ids=lambda data: repr(data[6:24]),
)
def test_long_and_endless_pages_take_little_time(data: bytes) -> None:
    start = time.process_time()
    try:
        HTML.read_labels(data, {})
    except UserError as error:
        assert error.code in ("format.damaged", "aigc.invalid")
    is_labelled(data[:HEAD_BYTES])
    HTML.mark(data)
    assert time.process_time() - start < 5.0


def test_every_cut_and_every_flipped_bit_is_read_or_refused() -> None:
    _media, made = page(NASTY)
    end = made.data.index(b"<style>")
    for length in range(end):
        check(made.data[:length])
    for at in range(end):
        for bit in range(0, 8, 3):
            changed = bytearray(made.data)
            changed[at] ^= 1 << bit
            check(bytes(changed))


def check(data: bytes) -> None:
    try:
        HTML.read_labels(data, {})
    except UserError as error:
        assert error.code in ("format.damaged", "aigc.invalid")
    HTML.mark(data)
    format_of_header(data)
    try:
        HTML.to_text(data)
    except ValueError:
        return


@given(
    st.binary(max_size=300),
    st.sampled_from([b"<html>", b"<!DOCTYPE html>", b"<html><meta ", b"<html><!", b"<html><!["]),
)
def test_any_bytes_raise_user_errors_only(data: bytes, start: bytes) -> None:
    check(start + data)


@pytest.mark.parametrize("data", [b"<!DOCTYPE HTML>", b"\xef\xbb\xbf<html>", b"\n <HTML lang=a>", b"<!doctype html>"])
def test_pages_are_told_by_their_beginning(data: bytes) -> None:
    assert format_of_header(data) is HTML


@pytest.mark.parametrize("data", [b"<htmlx>", b"<svg>", b"<?xml", b"html", b"<p>"])
def test_what_is_no_page(data: bytes) -> None:
    assert format_of_header(data) is not HTML
