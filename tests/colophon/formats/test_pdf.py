"""Sheets on paper: what stands on each page, labels where the standard has them, and what was changed afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drafts import score_draft

from luokuan.cli.main import main
from luokuan.colophon.aigc import Aigc, parse
from luokuan.colophon.fingerprint.base import kind_of
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import Encoding, format_of, format_of_file, format_of_path
from luokuan.colophon.formats.notation import write
from luokuan.colophon.formats.pdf import PDF
from luokuan.colophon.formats.pdffile import PdfFile, added
from luokuan.colophon.formats.pdfvalue import Name, Stream, text_of
from luokuan.colophon.formats.printing import HEIGHT, POINT, WIDTH, imprint, told
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.lineage import lineage_of
from luokuan.colophon.verification import verify_file
from luokuan.colophon.waiver import Waiver
from luokuan.colophon.xmp import GENERATED, build
from luokuan.errors import UserError
from luokuan.media import Note, Score
from luokuan.store.home import open_home
from luokuan.store.masters import Masters

pytest.importorskip("verovio")
pytest.importorskip("fpdf")

WORK = "0123456789abcdef"
AIGC = Aigc("1", "luokuan", WORK)
SCORE = score_draft().media
assert isinstance(SCORE, Score)
CHOIR = Score(
    tuple(Note(at, 1.0, 72 - 7 * track + at % 5, 80, track) for track in range(4) for at in range(160)),
    tracks=tuple("SATB"),
)


def labelled(score: Score, options: LabelOptions | None = None) -> Score:
    return PDF.labelled(score, options or LabelOptions(), "lanczos", WORK)


def made(score: Score = SCORE, options: LabelOptions | None = None) -> bytes:
    return PDF.tag(PDF.encode(labelled(score, options), Encoding()), AIGC).data


def pages(data: bytes) -> list[bytes]:
    file = PdfFile(data, 1 << 30)
    return [file.contents(page) for page in file.pages()]


def test_each_page_has_its_label_and_all_notes_are_there() -> None:
    data = made(CHOIR)
    drawn = pages(data)
    notice = f"人工智能生成 AI generated [luokuan:{WORK}]"
    assert len(drawn) > 1 and told(drawn) == (write(CHOIR).heads, [notice] * len(drawn))
    assert [one.count(b"BMC") + one.count(b"BDC") for one in drawn] == [one.count(b"EMC") for one in drawn]
    assert PDF.mark(data) == WORK and format_of_file(data) is PDF and PDF.samples(data) is None
    file = PdfFile(data)
    assert text_of(file.info["Title"]) == "; ".join(staff.name for staff in write(CHOIR).staves)
    box = next(file.pages()).get("MediaBox") or file.dictionary(file.catalog["Pages"])["MediaBox"]
    assert box[2:] == pytest.approx([WIDTH * POINT, HEIGHT * POINT], abs=0.01)


def test_the_letters_of_the_label_are_a_twentieth_of_the_page_s_width() -> None:
    (page,) = pages(made())
    label = page[page.index(b"/Span") :]
    sizes = [float(part.split()[-1]) for part in label.split(b" Tf")[:-1]]
    assert sizes == pytest.approx([0.05 * WIDTH * POINT, 0.02 * WIDTH * POINT], abs=0.01)


def test_the_implicit_label_lies_where_the_standard_has_it() -> None:
    data = made()
    labels = PDF.read_labels(data, {})
    assert parse(labels.aigc or "") == AIGC and labels.source == GENERATED
    assert b"/AIGC (" + AIGC.build().encode() + b")" in data
    assert PDF.tag(PDF.encode(labelled(SCORE), Encoding()), AIGC).sidecars == {}


def test_a_waived_sheet_has_no_line_and_its_metadata() -> None:
    data = made(options=LabelOptions(waiver=Waiver("a film", acknowledged=True)))
    assert told(pages(data))[1] == [] and PDF.mark(data) is None and PDF.read_labels(data, {}).aigc is not None
    PDF.check(data, SCORE, Encoding())


def test_the_same_sheet_gives_the_same_bytes_without_a_date() -> None:
    data = made()
    assert data == made() and b"Date" not in data
    code = (
        "import hashlib\n"
        "from luokuan.colophon.formats.notation import write\n"
        "from luokuan.colophon.formats.printing import imprint\n"
        "from luokuan.media import Note, Score\n"
        "print(hashlib.sha256(imprint(write(Score((Note(0, 1, 60),), notice='人工智能生成')))).hexdigest())"
    )
    wanted = hashlib.sha256(imprint(write(Score((Note(0, 1, 60),), notice="人工智能生成")))).hexdigest()
    for seed in ("1", "2"):
        told_there = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert told_there.stdout.decode().strip() == wanted


def test_other_notes_or_another_label_do_not_leave() -> None:
    score = labelled(SCORE)
    data = made()
    PDF.check(data, score, Encoding())
    for other in (replace(score, notes=score.notes[1:]), replace(score, notice="by hand")):
        with pytest.raises(RuntimeError):
            PDF.check(data, other, Encoding())


def test_many_staves_find_room_and_long_notices_too() -> None:
    tall = Score(
        tuple(Note(at, 1, pitch, 80, track) for track in range(12) for at, pitch in enumerate((0, 127, 60))),
        tracks=tuple(f"t{at}" for at in range(12)),
        notice="所有权利 all rights reserved " * 60 + f"[luokuan:{WORK}]",
    )
    data = imprint(write(tall))
    file = PdfFile(data, 1 << 30)
    assert told(pages(data)) == (36, [tall.notice] * len(pages(data)))
    for page in file.pages():
        high = file.resolve(page["MediaBox"])[3] if "MediaBox" in page else HEIGHT * POINT
        assert high > HEIGHT * POINT
        lines = [line for line in file.contents(page).split(b"\n") if b" Td" in line]
        heights = [float(line.split(b" Td")[0].split()[-1]) for line in lines]
        assert all(0 < height < high for height in heights) and len(heights) > 20


def test_letters_that_no_font_has_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(pages(imprint(write(replace(SCORE, tracks=("女高音", "b"), notice="人工智能生成")))))[1] == [
        "人工智能生成"
    ]
    monkeypatch.setattr("luokuan.fonts.FONTS", ())
    assert imprint(write(replace(SCORE, tracks=("a", "b"), notice="人工智能生成"))), "the label's own font is ours"
    with pytest.raises(UserError, match="𐀀") as caught:
        imprint(write(replace(SCORE, tracks=("𐀀", "b"))))
    assert caught.value.code == "sheet.font"


@pytest.mark.parametrize("name", ["verovio", "fpdf"])
def test_without_its_libraries_one_sentence_says_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=name) as caught:
        imprint(write(SCORE))
    assert f"pip install {name}" in caught.value.do and caught.value.code == "sheet.library"


def changed(data: bytes, objects: dict[str, dict[str, Any]]) -> bytes:
    """The file with more in its Info or its Root."""
    file = PdfFile(data)
    known = {"Info": file.info, "Root": file.catalog}
    return added(file, {file.trailer[name].number: {**known[name], **more} for name, more in objects.items()}, {})


def test_labels_of_other_writers_are_read() -> None:
    bare = PDF.encode(SCORE, Encoding())
    assert PDF.read_labels(bare, {}).aigc is None
    wide = b"\xfe\xff" + AIGC.build().encode("utf-16-be")
    assert parse(PDF.read_labels(changed(bare, {"Info": {"AIGC": wide}}), {}).aigc or "") == AIGC
    file = PdfFile(bare)
    size = file.trailer["Size"]
    packet = Stream({"Type": Name("Metadata")}, build(AIGC))
    within = changed(
        added(file, {size: packet}, {}), {"Root": {"Metadata": PdfFile(bare).trailer["Root"]._replace(number=size)}}
    )
    labels = PDF.read_labels(within, {})
    assert parse(labels.aigc or "") == AIGC and labels.source == GENERATED
    assert PDF.read_labels(changed(within, {"Info": {"AIGC": wide}}), {}).aigc is not None, "twice the same"
    with pytest.raises(UserError, match="contradict"):
        PDF.read_labels(changed(within, {"Info": {"AIGC": Aigc("1", "somebody", WORK).build().encode()}}), {})
    locked = PdfFile(within)
    sealed = added(locked, {size + 1: {}}, {"Encrypt": {}})
    assert PDF.read_labels(sealed, {}).aigc is None, "nothing of an encrypted file is read"


def test_a_later_label_counts_alone() -> None:
    data = changed(made(), {"Info": {"AIGC": Aigc("1", "somebody", WORK).build().encode()}})
    assert parse(PDF.read_labels(data, {}).aigc or "").producer == "somebody"


def test_damaged_files_are_told() -> None:
    data = made()
    for piece in (data[:-300], data[: len(data) // 2], b"%PDF-1.7\n", data.replace(b"startxref", b"startxxxx")):
        with pytest.raises(UserError) as caught:
            PDF.read_labels(piece, {})
        assert caught.value.code == "format.damaged" and PDF.mark(piece) is None


def test_a_sheet_leaves_with_its_colophon_in_one_file(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    draft = replace(score_draft(), media=replace(SCORE, bar=3.0))
    path = tmp_path / "work.pdf"
    work = export_work(finish(draft, home=home, media_type="application/pdf"), path)
    assert format_of("application/pdf") is PDF and format_of_path(path) is PDF and kind_of("application/pdf") is None
    assert work.sidecars == {} and verify_file(path, home=home).verdict == "ours"
    data = path.read_bytes()
    assert PDF.mark(data) == work.id and told(pages(data))[0] == write(draft.media).heads  # type: ignore[arg-type]
    master = Masters(home).get(work.id, Score)
    assert isinstance(master, Score) and master.bar == 3.0
    at = data.index(b"stream") + 200
    spoiled = {
        "a bit of the drawing": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
        "another title": changed(data, {"Info": {"Title": b"by hand"}}),
        "another label": changed(data, {"Info": {"AIGC": Aigc("1", "somebody", WORK).build().encode()}}),
        "an empty page": changed(data, {"Root": {"Pages": PdfFile(data).trailer["Info"]}}),
        "a line more": data + b"\n",
        "cut": data[:-400],
    }
    for what, piece in spoiled.items():
        path.write_bytes(piece)
        verdict = verify_file(path, home=home)
        assert verdict.verdict in ("ours_changed", "altered") and not verdict.unchanged, what


def test_a_pdf_of_anybody_has_no_label(tmp_path: Path) -> None:
    file = tmp_path / "theirs.pdf"
    file.write_bytes(PDF.encode(SCORE, Encoding()))
    assert verify_file(file, home=open_home(tmp_path / "home")).verdict == "nothing_found"


def test_copies_lead_from_midi_to_paper_and_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = open_home()
    work: Any = export_work(finish(score_draft(), home=home, media_type="audio/midi"), tmp_path / "piece.mid")
    parent = work.id
    for source, target in (("piece.mid", "sheet.pdf"), ("sheet.pdf", "again.pdf"), ("again.pdf", "sheet.musicxml")):
        assert main(["works", "copy", str(tmp_path / source), "-o", str(tmp_path / target), "--json"]) == 0
        copy = json.loads(capfd.readouterr().out)
        verdict = verify_file(tmp_path / target, home=home)
        assert (copy["parent"], verdict.verdict, verdict.work) == (parent, "ours", copy["id"])
        assert any("came before it" in sentence for sentence in verdict.evidence)
        parent = copy["id"]
    assert len(lineage_of(tmp_path / "sheet.musicxml", home).edges) == 4
    assert told(pages((tmp_path / "again.pdf").read_bytes()))[0] == write(SCORE).heads
