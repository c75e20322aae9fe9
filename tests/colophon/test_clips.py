"""Clips on the whole way: finished, kept, exported, verified, and what is noticed when they are changed."""

from __future__ import annotations

import random
from pathlib import Path

import encypher_c2pa
import numpy as np
import pytest
from drafts import clip, clip_draft, sound

from luokuan.colophon import aigc, c2pa_sign, ffmpeg, manifest, xmp
from luokuan.colophon.fingerprint import glance
from luokuan.colophon.fingerprint.register import Register
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import CLIPS, format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.clip import ClipFormat
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.schema import Recipe, Work, samples_digest
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import Limits, verify_file, verify_files, verify_folder
from luokuan.errors import UserError
from luokuan.media import Clip
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.masters import Masters
from luokuan.store.works import find_work

each_format = pytest.mark.parametrize("row", CLIPS, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home in which the works of this file were made."""
    return open_home(tmp_path_factory.mktemp("maker"))


@pytest.fixture(scope="module")
def works(maker: Home) -> dict[str, Work]:
    """One small work in each format, by its name."""
    return {row.name: finish(clip_draft(), home=maker, media_type=row.media_type) for row in CLIPS}


@each_format
def test_a_work_carries_all_of_its_colophon(
    row: ClipFormat, works: dict[str, Work], maker: Home, tmp_path: Path
) -> None:
    work = export_work(works[row.name], tmp_path / "no-ending")
    assert work.path is not None
    verdict = verify_file(work.path, maker)
    assert (verdict.verdict, verdict.unchanged, verdict.media_type) == ("ours", True, row.media_type)
    assert (verdict.work, verdict.model, verdict.explicit_label) == (work.id, "animator", "人工智能生成 AI generated")
    assert verdict.label == aigc.Aigc("1", "luokuan", work.id).to_dict()
    assert verdict.watermark is not None and verdict.watermark["id"] == work.id
    assert any("byte for byte" in sentence for sentence in verdict.evidence)
    assert row.read_labels(work.data, work.sidecars).source == xmp.GENERATED
    assert set(work.sidecars) == (set() if row.embeds_manifest else {MANIFEST})
    claim = manifest.read(
        c2pa_sign.read(work.data, work.media_type, c2pa_sign.context(), work.sidecars.get(MANIFEST)).store
    )
    assert claim.watermark == "org.luokuan.watermark.clip.1"
    with open_database(maker) as database, database.read() as connection:
        kept = find_work(connection, work.id)
    assert kept is not None and kept.recipe is not None
    assert (kept.kind, Recipe.from_dict(kept.recipe).draft_digest) == ("video", work.recipe.draft_digest)
    assert verify_file(work.path, open_home(tmp_path / "other")).verdict == "unknown_signer"


def test_an_independent_verifier_agrees(works: dict[str, Work], maker: Home) -> None:
    row, work = CLIPS[0], works["MP4"]  # it doesn't know WebM
    options = {
        "trust_pem": maker.root_certificate.read_text(),
        "no_default_trust": True,
        "telemetry": False,
        "online": False,
    }
    report = encypher_c2pa.verify(work.data, row.media_type, **options)
    assert report["validation_state"] == "Trusted"
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    damaged = bytearray(work.data)
    damaged[positions(work.data, 1, row)[0]] ^= 1
    try:
        state = encypher_c2pa.verify(bytes(damaged), row.media_type, **options)["validation_state"]
    except ValueError as error:
        state = str(error)
    assert state != "Trusted"


def positions(data: bytes, count: int, row: ClipFormat) -> list[int]:
    """Places in ``data`` that the signature covers, at random: C2PA leaves its own box out, and the type's."""
    start = data.find(b"jumb") - 4
    box = range(start - 60, start + int.from_bytes(data[start : start + 4])) if row.embeds_manifest else range(0)
    first = int.from_bytes(data[:4]) if row.embeds_manifest else 0
    covered = [at for at in range(first, len(data)) if at not in box]
    return random.Random(7).sample(covered, count)


@each_format
def test_flipped_bits_in_the_pool(row: ClipFormat, works: dict[str, Work], maker: Home, tmp_path: Path) -> None:
    work = works[row.name]
    paths = []
    for at in positions(work.data, 30, row):
        data = bytearray(work.data)
        data[at] ^= 1 << at % 8
        paths.append(tmp_path / f"{at}")
        paths[-1].write_bytes(data)
        for ending, beside in work.sidecars.items():
            (tmp_path / f"{at}{ending}").write_bytes(beside)
    # Without a home no samples are decoded: what the signature says is asked here.
    words = [verdict.verdict for verdict in verify_files(paths, None, [maker.root_certificate])]
    assert len(words) == 30 and set(words) <= {"altered", "unreadable", "labelled"}
    assert words.count("altered") >= 28


@each_format
def test_a_cut_work_is_never_fine(row: ClipFormat, works: dict[str, Work], maker: Home) -> None:
    work = works[row.name]
    inspector = Inspector(maker.root_certificate.read_bytes())
    for length in range(0, len(work.data), len(work.data) // 40):
        facts = inspector.inspect_bytes(work.data[:length], work.sidecars)
        assert judge(Path("x"), facts, None).verdict in ("altered", "unreadable", "labelled", "nothing_found"), length
        assert length < 40 or judge(Path("x"), facts, None).verdict != "nothing_found"
    facts = inspector.inspect_bytes(work.data + b"more", work.sidecars)
    assert judge(Path("x"), facts, None).verdict == "altered"


@each_format
def test_a_clip_that_was_encoded_again_leads_back(
    row: ClipFormat, works: dict[str, Work], maker: Home, tmp_path: Path
) -> None:
    work = works[row.name]
    source, target = tmp_path / "source", tmp_path / "bare.webm"
    source.write_bytes(work.data)
    again = ["-map_metadata", "-1", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "35"]
    ffmpeg.run(["-i", str(source), *again, "-b:v", "0", "-an", "-vf", "scale=iw/2:-2", str(target)])
    verdict = verify_file(target, maker)
    assert verdict.verdict == "ours_stripped" and verdict.watermark is not None and verdict.watermark["marked"]
    assert verdict.alike is not None and verdict.alike["kind"] == "clip"
    assert verdict.alike["work"] in {one.id for one in works.values()}, "both were made from one draft"
    assert any("Most of its frames look like those of the work" in line for line in verdict.evidence)
    assert verify_file(target, open_home(tmp_path / "other")).verdict == "nothing_found"


def test_a_still_of_a_clip_is_like_it(works: dict[str, Work], maker: Home) -> None:
    seen = format_of("video/mp4").samples(works["MP4"].data)
    assert isinstance(seen, Clip)
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.fromarray(seen.frames[0]).save(out, "PNG")
    found = glance(out.getvalue(), "image/png")
    assert found is not None
    with open_database(maker) as database, database.read() as connection:
        alike = Register(maker).find(connection, found)
    assert alike is not None and alike.kind == "picture" and alike.work in {work.id for work in works.values()}


def test_other_clips_are_not_alike(works: dict[str, Work], maker: Home, tmp_path: Path) -> None:
    other = np.random.default_rng(9).integers(0, 255, (4, 9, 11, 3)).astype(np.uint8).repeat(60, 1).repeat(60, 2)
    row = format_of("video/mp4")
    assert isinstance(row, ClipFormat)
    from luokuan.colophon.formats import Encoding

    (tmp_path / "other.mp4").write_bytes(row.encode(Clip(other, 12.0), Encoding()))
    verdict = verify_file(tmp_path / "other.mp4", maker)
    assert (verdict.verdict, verdict.alike) == ("nothing_found", None)


def test_a_master_is_kept_and_gives_the_draft_again(works: dict[str, Work], maker: Home) -> None:
    work = works["WebM"]
    media = Masters(maker).get(work.id, Clip)
    assert isinstance(media, Clip) and samples_digest(media) == work.recipe.draft_digest


def test_digests_tell_clips_apart() -> None:
    one = clip(3)
    clips = [
        one,
        Clip(one.frames, 24.0),
        Clip(one.frames[::-1], one.fps),
        Clip(one.frames.reshape(3, 64, 48, 3), one.fps),
        Clip(one.frames, one.fps, sound(10)),
        Clip(one.frames, one.fps, sound(10, rate=8_000)),
    ]
    assert len({samples_digest(each) for each in clips}) == len(clips)
    assert samples_digest(Clip(np.asfortranarray(one.frames), one.fps)) == samples_digest(one)


def test_a_folder_of_clips(works: dict[str, Work], maker: Home, tmp_path: Path) -> None:
    for row in CLIPS:
        export_work(works[row.name], tmp_path / f"a{row.suffixes[0]}")
    (tmp_path / "none.mp4").write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0" * 30)
    found = {verdict.path.name: verdict.verdict for verdict in verify_folder(tmp_path, maker)}
    assert found.pop("none.mp4") == "unreadable"
    assert found == {f"a{row.suffixes[0]}": "ours" for row in CLIPS}


def test_nothing_is_kept_of_what_is_too_large(home: Home) -> None:
    endless = Clip(np.broadcast_to(np.uint8(0), (2000, 1024, 1024, 3)), 24.0)
    with pytest.raises(UserError) as caught:
        finish(clip_draft(endless), home=home, media_type="video/mp4")
    assert caught.value.code == "clip.size"
    assert not [path for path in home.path.rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]


def test_kinds_keep_to_their_formats(home: Home) -> None:
    with pytest.raises(UserError) as caught:
        finish(clip_draft(), home=home, media_type="image/png")
    assert caught.value.code == "format.unknown"


def hostile() -> dict[str, bytes]:
    """Files that hurt parsers which trust what they are told."""
    nested = b"x"
    for kind in (b"moov", b"trak", b"mdia", b"minf") * 250:
        nested = (8 + len(nested)).to_bytes(4) + kind + nested
    brand = b"\0\0\0\x14ftypisom\0\0\0\0isom"
    head = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
    unknown, huge = b"\1" + b"\xff" * 7, b"\1" + (2**31).to_bytes(7)
    segment, cluster, tags = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75", b"\x12\x54\xc3\x67"
    deep = b"".join((b"\x67\xc8" + unknown) for _level in range(1000))
    return {
        "nested.mp4": brand + nested,
        "huge.mp4": brand + b"\x7f\xff\xff\xffmoov" + bytes(50),
        "wide.mp4": brand + b"\0\0\0\1moov" + b"\x7f" + b"\xff" * 7 + bytes(50),
        "empty.mp4": brand + b"\0\0\0\x08free" * 10_000,
        "huge.webm": head + segment + huge + cluster + huge + bytes(50),
        "unknown.webm": head + segment + unknown + (cluster + unknown) * 1000,
        "void.webm": head + segment + unknown + b"\xec\x80" * 300_000,
        "deep.webm": head + segment + unknown + tags + unknown + deep,
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_hostile_clips_are_refused_in_the_child(maker: Home, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile()[name])
    verdict = verify_file(path, maker, limits=Limits(cpu_seconds=5, wall_seconds=30))
    assert verdict.verdict in ("unreadable", "nothing_found")
    assert not any("made to do harm" in sentence for sentence in verdict.evidence), "the child lives on"
