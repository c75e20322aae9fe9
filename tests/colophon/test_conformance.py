"""What each format carries, found by readers that aren't ours; docs/verify.md says the same, or this fails."""

from __future__ import annotations

import json
import re
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import encypher_c2pa
import imageio_ffmpeg
import numpy as np
import pytest
import sqlalchemy as sa
import yaml
from defusedxml import ElementTree
from drafts import draft, score_draft, sound_draft, text_draft
from mutations import MADE
from PIL import Image
from sounds import speech

from fingerprints import PICTURES, picture_of
from luokuan.colophon.finish import beside, export_work, finish
from luokuan.colophon.formats import CLIPS, FORMATS, SOUNDS, Format
from luokuan.colophon.formats import PICTURES as PICTURE_ROWS
from luokuan.colophon.schema import Draft, Work
from luokuan.colophon.watermark.marking import marker_of
from luokuan.media import Clip, Picture, Score, Sound, Text
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.secrets import watermark_key
from luokuan.store.tables import fingerprint

DOCS = Path(__file__).parents[2] / "docs"
STORY = "The old lamp in the hall burned low that night, and nobody in the house could sleep. Rain fell on the roof."
CHINESE = {
    "in the corner": "角上",
    "heard first": "开头听到",
    "on the first frames": "开头的画面上",
    "last line": "最后一行",
    "above the text": "正文上方",
    "copyright notice": "版权声明",
    "rights, and first page": "权利声明和首页",
    "under the staves": "谱表下方",
    "foot of each page": "每页下方",
    "XMP": "XMP",
    "chunk `AIGC`": "`AIGC` 块",
    "tag `AIGC`": "`AIGC` 标签",
    "key `AIGC`": "`AIGC` 键",
    "`FILE.aigc.json`": "`FILE.aigc.json`",
    "front matter": "文首元数据",
    "`<meta>`": "`<meta>`",
    "`<metadata>`": "`<metadata>`",
    "miscellaneous field": "杂项字段",
    "text event": "文本事件",
    "Info, key `AIGC`": "文件信息的 `AIGC` 键",
    "bytes": "字节",
    "Trusted": "Trusted",
    "signature alone": "只认签名",
    "kind unknown to it": "不认识此类",
    "number read": "读出编号",
    "none": "无",
}
"""Cells of the English table, and what the Chinese one says. Names that are no words are the same in both."""


@dataclass(frozen=True)
class Made:
    home: Home
    work: Work
    draft: Draft
    path: Path


def drawn(row: Format) -> Draft:
    if row.kind is Picture:
        return Draft(Picture(np.asarray(picture_of(PICTURES[0]).resize((640, 640)))), draft().recipe)
    if row.kind is Clip:
        still = np.asarray(picture_of(PICTURES[0]).resize((512, 512)))
        return Draft(Clip(np.repeat(still[None], 36, axis=0), 12.0), draft().recipe, kind="video")
    return {Sound: lambda: sound_draft(speech()), Text: lambda: text_draft(STORY), Score: score_draft}[row.kind]()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """One work in each format, as it lies in somebody's folder."""
    place = tmp_path_factory.mktemp("made")
    home, found = open_home(place / "home"), {}
    for row in MADE:
        given = drawn(row)
        work = export_work(finish(given, home=home, media_type=row.media_type), place / f"work{row.suffixes[0]}")
        assert work.path is not None
        found[row.name] = Made(home, work, given, work.path)
    return found


def ffmpeg(*arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def pixels(one: Made) -> np.ndarray:
    with Image.open(one.path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def heard(one: Made) -> np.ndarray:
    assert isinstance(one.draft.media, Sound)
    raw = ffmpeg("-i", str(one.path), "-ac", "1", "-ar", str(one.draft.media.rate), "-f", "f32le", "-")
    return np.frombuffer(raw, dtype="<f4")


def frames(one: Made) -> np.ndarray:
    assert isinstance(one.draft.media, Clip)
    raw = ffmpeg("-i", str(one.path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, *one.draft.media.frames.shape[1:])


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.body = False
        self.labels: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.body = self.body or tag == "body"
        values = dict(attrs)
        if tag == "meta" and (values.get("name") or "").upper() == "AIGC":
            self.labels.append(values.get("content") or "")

    def handle_data(self, data: str) -> None:
        if self.body and data.strip():
            self.words.append(data.strip())


def riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def first_events(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Meta events at the beginning of the first track (Standard MIDI Files 1.0)."""
    at = data.index(b"MTrk") + 8
    while data[at] == 0 and data[at + 1] == 0xFF:
        kind, at, size = data[at + 2], at + 3, 0
        while True:
            size, more = size << 7 | data[at] & 127, data[at] >> 7
            at += 1
            if not more:
                break
        yield kind, data[at : at + size]
        at += size


def explicit(row: Format, one: Made) -> str:
    """Where people meet the label."""
    if row in PICTURE_ROWS:
        change = np.abs(pixels(one) - np.asarray(one.draft.media.pixels).astype(int)).max(axis=2)  # type: ignore[union-attr]
        height, width = change.shape
        loud = np.argwhere(change > 90)  # the watermark and the encoder change little
        assert len(loud) > 500 and (loud[:, 0] > 0.8 * height).all() and loud[:, 1].max() > 0.9 * width
        return "in the corner"
    if row in CLIPS:
        first, *_others, last = frames(one).astype(int)
        loud = np.argwhere(np.abs(first - last).max(axis=2) > 90)  # the picture stands still
        height, width = first.shape[:2]
        assert len(loud) > 500 and (loud[:, 0] > 0.8 * height).all() and loud[:, 1].max() > 0.9 * width
        return "on the first frames"
    if row in SOUNDS:
        samples, media = heard(one), one.draft.media
        assert isinstance(media, Sound)
        start = len(samples) - media.samples.shape[1]
        power = np.abs(np.fft.rfft(samples[: round(1.1 * media.rate)])) ** 2
        at = round(740 * 1.1)
        assert start >= 1.4 * media.rate and power[at - 30 : at + 31].sum() > 0.8 * power.sum()
        return "heard first"
    data = one.path.read_bytes()
    if row.media_type == "image/svg+xml":
        texts = [element.text or "" for element in ElementTree.fromstring(data).iter() if element.tag.endswith("}text")]
        assert any("AI generated" in text for text in texts[-2:])
        return "under the staves"
    if row.media_type == "application/pdf":
        drawn = [zlib.decompress(part) for part in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)endstream", data, re.S)]
        said = [re.findall(rb"/ActualText <feff([0-9a-f]+)>>> BDC", page) for page in drawn if b"/Note BMC" in page]
        assert said and all("AI generated" in bytes.fromhex(text.decode()).decode("utf-16-be") for (text,) in said)
        return "foot of each page"
    if row.media_type.endswith("musicxml+xml"):
        tree = ElementTree.fromstring(data)
        assert all("AI" in (tree.findtext(place) or "") for place in ("identification/rights", "credit/credit-words"))
        return "rights, and first page"
    if row.kind is Score:
        assert any(kind == 2 and b"AI" in text for kind, text in first_events(data))
        return "copyright notice"
    if row.media_type == "text/html":
        words = Page(data.decode()).words
        label = next(number for number, text in enumerate(words) if "AI generated" in text)
        assert label < next(number for number, text in enumerate(words) if "old lamp" in text)
        return "above the text"
    text = json.loads(data)["text"] if row.media_type == "application/json" else data.decode()
    assert "AI" in text.rstrip().splitlines()[-1]
    return "last line"


def xmp_label(one: Made) -> str:
    with Image.open(one.path) as image:
        found = image.info.get("XML:com.adobe.xmp") or image.info["xmp"]
    tree = ElementTree.fromstring(found if isinstance(found, bytes) else found.encode())
    texts = [element.text for element in tree.iter() if element.tag.endswith("}AIGC")]
    texts += [value for element in tree.iter() for name, value in element.attrib.items() if name.endswith("}AIGC")]
    (text,) = texts
    return text or ""


def tag_label(one: Made) -> str:
    # In Ogg the comments belong to a stream, elsewhere to the file.
    streams = ["-map_metadata", "0:s:0"] if one.work.media_type.startswith("audio/ogg") else []
    lines = ffmpeg("-i", str(one.path), *streams, "-f", "ffmetadata", "-").decode().splitlines()
    (line,) = {line for line in lines if line.upper().startswith("AIGC=")}
    return line.partition("=")[2].replace("\\", "")


def front_label(one: Made) -> str:
    found = yaml.safe_load(one.path.read_text("utf-8").split("---")[1])["AIGC"]
    return found if isinstance(found, str) else json.dumps(found)


def event_label(one: Made) -> str:
    (text,) = [text for kind, text in first_events(one.path.read_bytes()) if kind == 1 and text.startswith(b"AIGC:")]
    return text.removeprefix(b"AIGC:").decode()


def element_label(one: Made) -> str:
    tree = ElementTree.fromstring(one.path.read_bytes())
    (text,) = [element.text for element in tree.iter() if "AIGC" in (element.get("name"), element.get("id"))]
    return text or ""


def info_label(one: Made) -> str:
    (text,) = re.findall(rb"/AIGC ?\(([^()]*)\)", one.path.read_bytes())
    return text.decode()


def beside_label(one: Made) -> str:
    return json.dumps(json.loads(Path(f"{one.path}.aigc.json").read_text("utf-8"))["AIGC"])


def implicit(row: Format) -> tuple[str, str, Callable[[Made], str]]:
    """Where programs find the label, and by what."""
    if row in PICTURE_ROWS:
        return "XMP", "Pillow, defusedxml", xmp_label
    if row.media_type == "audio/wav":
        return "chunk `AIGC`", "bytes", lambda one: dict(riff(one.path.read_bytes()))[b"AIGC"].rstrip(b"\0").decode()
    if row in SOUNDS or row in CLIPS:
        return "tag `AIGC`", "ffmpeg", tag_label
    return {
        "text/plain": ("`FILE.aigc.json`", "json", beside_label),
        "text/markdown": ("front matter", "PyYAML", front_label),
        "application/json": ("key `AIGC`", "json", lambda one: json.dumps(json.loads(one.path.read_bytes())["AIGC"])),
        "text/html": ("`<meta>`", "html.parser", lambda one: Page(one.path.read_text("utf-8")).labels[0]),
        "audio/midi": ("text event", "bytes", event_label),
        "application/vnd.recordare.musicxml+xml": ("miscellaneous field", "defusedxml", element_label),
        "image/svg+xml": ("`<metadata>`", "defusedxml", element_label),
        "application/pdf": ("Info, key `AIGC`", "bytes", info_label),
    }[row.media_type]


def c2pa(row: Format, one: Made) -> str:
    """What ``encypher-c2pa`` says when it is told what it reads."""
    try:
        report = checked(one, row.media_type.partition(";")[0])
    except ValueError as error:
        assert "unsupported_mime" in str(error)
        return "kind unknown to it"
    if report["hard_binding"] == "unknown":
        # It looks for the manifest inside a text. Of a kind that never holds one, it reads the same bytes.
        assert (report["signature"], checked(one, "text/markdown")["validation_state"]) == ("valid", "Trusted")
        return "signature alone"
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    return str(report["validation_state"])


def checked(one: Made, media_type: str) -> dict[str, Any]:
    lies = Path(f"{one.path}.c2pa")
    return encypher_c2pa.verify(
        one.path.read_bytes(),
        media_type,
        trust_pem=one.home.root_certificate.read_text(),
        no_default_trust=True,
        telemetry=False,
        online=False,
        **({"manifest_store": lies.read_bytes()} if lies.exists() else {}),
    )


def mark(row: Format, one: Made) -> str:
    marker = marker_of(row.kind)
    if marker is None:
        return "none"
    if row.kind is Picture:
        samples: Picture | Sound | Clip = Picture(pixels(one).astype(np.uint8))
    elif row.kind is Clip:
        samples = Clip(frames(one), 12.0)
    else:
        assert isinstance(one.draft.media, Sound)
        samples = Sound(heard(one)[None], one.draft.media.rate)
    assert marker.detect(samples, watermark_key(one.home)).id == one.work.id
    return "number read"


def look(one: Made) -> str:
    with open_database(one.home) as database, database.read() as connection:
        kinds = connection.execute(sa.select(fingerprint.c.kind).where(fingerprint.c.work_id == one.work.id)).scalars()
        return {"picture": "PDQ", "sound": "chromaprint", "text": "SimHash", "none": "none"}[next(iter(kinds))]


def cells(row: Format, one: Made) -> list[str]:
    place, reader, read = implicit(row)
    label = json.loads(read(one))
    assert (label["Label"], label["ContentProducer"], label["ProduceID"]) == ("1", "luokuan", one.work.id)
    lies = sorted(path.name.removeprefix(one.path.name) for path in one.path.parent.glob(f"{one.path.name}.*"))
    assert set(lies) == set(beside(one.work))
    return [
        ", ".join(f"`{ending}`" for ending in row.suffixes),
        explicit(row, one),
        place,
        reader,
        c2pa(row, one),
        " ".join(f"`{ending}`" for ending in lies) or "none",
        mark(row, one),
        look(one),
    ]


def table(page: Path) -> list[list[str]]:
    """The rows of the page's table of formats."""
    lines = page.read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `.")]


@pytest.mark.parametrize("row", MADE, ids=lambda row: row.name)
def test_the_documents_say_what_is_there(row: Format, made: dict[str, Made]) -> None:
    found = cells(row, made[row.name])
    place = FORMATS.index(row)
    assert table(DOCS / "verify.md")[place] == found
    assert table(DOCS / "zh" / "verify.md")[place] == [CHINESE.get(cell, cell) for cell in found]


def test_the_tables_have_a_row_for_each_format() -> None:
    for page in ("verify.md", "zh/verify.md"):
        assert len(table(DOCS / page)) == len(FORMATS)
