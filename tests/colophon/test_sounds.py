"""Sounds on the whole way: finished, kept, exported, verified, and what is noticed when they are changed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import encypher_c2pa
import numpy as np
import pytest
from drafts import draft, real_sound, sound, sound_draft

from luokuan.colophon import aigc, c2pa_sign, formats, manifest, xmp
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import SOUNDS, Encoding, format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.sound import SoundFormat
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Recipe, Work, samples_digest
from luokuan.colophon.soundlabel import rhythm
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import Limits, verify_file, verify_files, verify_folder
from luokuan.colophon.waiver import Waiver
from luokuan.errors import UserError
from luokuan.media import Sound
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import find_work

each_format = pytest.mark.parametrize("row", SOUNDS, ids=lambda row: row.name)
RHYTHM_SECONDS = 1.5


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home in which the works of this file were made."""
    return open_home(tmp_path_factory.mktemp("maker"))


@pytest.fixture(scope="module")
def works(maker: Home) -> dict[str, Work]:
    """One small work in each format, by its name."""
    media = Sound(real_sound().samples[:, :1600], 8_000)
    return {row.name: finish(sound_draft(media), home=maker, media_type=row.media_type) for row in SOUNDS}


@each_format
def test_a_work_carries_all_of_its_colophon(
    row: SoundFormat, works: dict[str, Work], maker: Home, tmp_path: Path
) -> None:
    work = export_work(works[row.name], tmp_path / "no-ending")
    assert work.path is not None
    verdict = verify_file(work.path, maker)
    assert (verdict.verdict, verdict.unchanged, verdict.media_type) == ("ours", True, row.media_type)
    assert (verdict.work, verdict.model, verdict.explicit_label) == (work.id, "foley", "AI (.- ..)")
    assert verdict.label == aigc.Aigc("1", "luokuan", work.id).to_dict()
    assert any("is heard at its start" in sentence for sentence in verdict.evidence)
    assert any("byte for byte" in sentence for sentence in verdict.evidence)
    assert row.read_labels(work.data, work.sidecars).source == xmp.GENERATED
    assert set(work.sidecars) == (set() if row.embeds_manifest else {MANIFEST})
    with open_database(maker) as database, database.read() as connection:
        kept = find_work(connection, work.id)
    assert kept is not None
    assert (kept.kind, kept.label) == ("sound", "AI (.- ..)")
    assert kept.recipe is not None
    assert Recipe.from_dict(kept.recipe).draft_digest == work.recipe.draft_digest
    assert verify_file(work.path, open_home(tmp_path / "other")).verdict == "unknown_signer"


@each_format
def test_an_independent_verifier_agrees(row: SoundFormat, works: dict[str, Work], maker: Home) -> None:
    work = works[row.name]
    beside = {} if row.embeds_manifest else {"manifest_store": work.sidecars[MANIFEST]}
    options = {
        "trust_pem": maker.root_certificate.read_text(),
        "no_default_trust": True,
        "telemetry": False,
        "online": False,
    }
    kind = row.media_type.partition(";")[0]
    report = encypher_c2pa.verify(work.data, kind, **options, **beside)
    assert report["validation_state"] == "Trusted"
    assert (report["integrity"], report["signature"], report["hard_binding"]) == ("valid", "valid", "match")
    damaged = bytearray(work.data)
    damaged[positions(work.data, 1, row)[0]] ^= 1
    try:
        state = encypher_c2pa.verify(bytes(damaged), kind, **options, **beside)["validation_state"]
    except ValueError as error:
        state = str(error)
    assert state != "Trusted"


@each_format
def test_brief_and_parameters_dont_leave(row: SoundFormat, works: dict[str, Work]) -> None:
    work = works[row.name]
    for data in (work.data, *work.sidecars.values()):
        assert b"a forge" not in data
        assert b"temperature" not in data


@each_format
def test_the_label_is_heard_and_then_the_sound(row: SoundFormat, works: dict[str, Work]) -> None:
    samples, rate = row.decode(works[row.name].data)
    start = round(RHYTHM_SECONDS * rate)
    assert samples.shape == (1, start + 1600)
    label = rhythm(rate, 0.0)
    assert np.corrcoef(samples[0, :start], label)[0, 1] > 0.98
    assert np.corrcoef(samples[0, start:], real_sound().samples[0, :1600])[0, 1] > 0.9
    assert 0.03 < np.abs(samples[0, :start]).max() < 0.35


def positions(data: bytes, count: int, row: SoundFormat) -> list[int]:
    """Places in ``data`` that the signature covers, at random: C2PA leaves its own box out, and of M4A the type's."""
    start = data.find(b"jumb") - 4
    box = range(start - 60, start + int.from_bytes(data[start : start + 4])) if row.embeds_manifest else range(0)
    first = 28 if row.name == "M4A" else 0
    covered = [at for at in range(first, len(data)) if at not in box]
    return random.Random(7).sample(covered, count)


@each_format
def test_a_hundred_flipped_bits_in_the_pool(
    row: SoundFormat, works: dict[str, Work], maker: Home, tmp_path: Path
) -> None:
    work = works[row.name]
    paths = []
    for at in positions(work.data, 100, row):
        data = bytearray(work.data)
        data[at] ^= 1 << at % 8
        paths.append(tmp_path / f"{at}")
        paths[-1].write_bytes(data)
        for ending, beside in work.sidecars.items():
            (tmp_path / f"{at}{ending}").write_bytes(beside)
    words = [verdict.verdict for verdict in verify_files(paths, None, [maker.root_certificate])]
    assert len(words) == 100
    assert set(words) <= {"altered", "unreadable", "labelled"}
    assert words.count("altered") >= 95


@each_format
def test_a_cut_work_is_never_fine(row: SoundFormat, works: dict[str, Work], maker: Home) -> None:
    work = works[row.name]
    inspector = Inspector(maker.root_certificate.read_bytes())
    for length in range(0, len(work.data), len(work.data) // 60):
        facts = inspector.inspect_bytes(work.data[:length], work.sidecars)
        assert judge(Path("x"), facts, None).verdict in ("altered", "unreadable", "labelled"), length
    for tail in (b"\0", b"more", bytes(1000)):
        facts = inspector.inspect_bytes(work.data + tail, work.sidecars)
        assert judge(Path("x"), facts, None).verdict == "altered", tail


def test_two_labels_that_differ_are_no_label(works: dict[str, Work], tmp_path: Path) -> None:
    row = format_of("audio/flac")
    bare = row.encode(sound(500), Encoding())
    twice = row.tag(row.tag(bare, aigc.Aigc("1", "a", "1")).data, aigc.Aigc("1", "b", "2")).data
    path = tmp_path / "twice.flac"
    path.write_bytes(twice)
    verdict = verify_file(path)
    assert (verdict.verdict, verdict.label) == ("labelled", None)
    assert any("doesn't follow GB 45438-2025" in sentence for sentence in verdict.evidence)
    path.write_bytes(row.tag(bare, aigc.Aigc("3", "a", "1")).data)
    verdict = verify_file(path)
    assert verdict.verdict == "labelled"
    assert verdict.label is not None
    path.write_bytes(bare)
    assert verify_file(path).verdict == "nothing_found"


def test_the_manifest_of_another_work_beside_it(works: dict[str, Work], maker: Home) -> None:
    inspector = Inspector(maker.root_certificate.read_bytes())
    vorbis, opus = works["Ogg Vorbis"], works["Opus"]
    assert judge(Path("x"), inspector.inspect_bytes(vorbis.data, vorbis.sidecars), None).verdict == "ours"
    assert judge(Path("x"), inspector.inspect_bytes(vorbis.data, opus.sidecars), None).verdict == "altered"
    assert judge(Path("x"), inspector.inspect_bytes(vorbis.data, {}), None).verdict == "labelled"


def test_a_folder_of_sounds(works: dict[str, Work], maker: Home, tmp_path: Path) -> None:
    for row in SOUNDS:
        export_work(works[row.name], tmp_path / f"a{row.suffixes[0]}")
    (tmp_path / "cut.mp3").write_bytes(b"no sound")
    (tmp_path / "list.m3u").write_bytes(b"a.mp3\n")
    found = {verdict.path.name: verdict.verdict for verdict in verify_folder(tmp_path, maker)}
    assert found.pop("cut.mp3") == "nothing_found", "text, whatever its name says"
    assert found == {f"a{row.suffixes[0]}": "ours" for row in SOUNDS}


def test_sentences_name_what_can_be_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(b"GIF89a" + bytes(40))
    assert ".png, .jpg, .jpeg, .webp, .wav, .flac" in verify_file(path).evidence[0]
    with pytest.raises(UserError, match=r"\.opus"):
        verify_folder(tmp_path)


@pytest.mark.parametrize(
    ("media", "media_type", "seconds"),
    [
        (Sound(np.full((1, 1), 0.5, np.float32), 44_100), "audio/wav", 1.5),
        (Sound(np.zeros((2, 9600), np.float32), 48_000), "audio/mpeg", 1.7),
        (sound(19_200, 8, 192_000), "audio/flac", 1.6),
        (sound(9_600, 8, 48_000), "audio/mp4", 1.7),
        (sound(22_050, 2, 44_100), "audio/ogg; codecs=opus", 2.0),
    ],
)
def test_unusual_sounds_leave(home: Home, media: Sound, media_type: str, seconds: float) -> None:
    work = finish(sound_draft(media), home=home, media_type=media_type, bits=24)
    row = format_of(media_type)
    assert isinstance(row, SoundFormat)
    samples, rate = row.decode(work.data)
    assert samples.shape[1] / rate == pytest.approx(seconds, abs=0.001)
    assert samples.shape[0] == media.samples.shape[0]


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (Sound(np.zeros((0, 10), np.float32), 8_000), "sound.empty"),
        (Sound(np.zeros((1, 0), np.float32), 8_000), "sound.empty"),
        (Sound(np.full((1, 10), np.nan, np.float32), 8_000), "sound.samples"),
    ],
)
def test_nothing_is_kept_of_what_is_no_sound(home: Home, media: Sound, code: str) -> None:
    with pytest.raises(UserError) as caught:
        finish(sound_draft(media), home=home, media_type="audio/wav")
    assert caught.value.code == code
    assert not list(home.blobs.glob("??/*"))


def test_a_spoken_label_is_told_with_its_words(home: Home) -> None:
    options = LabelOptions("en", voice=lambda _words, _language: sound(8_000))
    work = finish(sound_draft(), home=home, media_type="audio/wav", label=options)
    assert work.label == "AI generated"
    trust = c2pa_sign.context(home.root_certificate.read_bytes())
    claim = manifest.read(c2pa_sign.read(work.data, work.media_type, trust).store)
    assert claim.explicit_label == "AI generated"


def test_kinds_keep_to_their_formats(home: Home) -> None:
    for one, media_type in ((sound_draft(), "image/png"), (draft(), "audio/wav")):
        with pytest.raises(UserError) as caught:
            finish(one, home=home, media_type=media_type)
        assert caught.value.code == "format.unknown"


def test_digests_tell_sounds_apart() -> None:
    one = sound(6)
    sounds = [
        one,
        Sound(one.samples, 8_000),
        Sound(one.samples.reshape(2, 3), one.rate),
        Sound(one.samples[:, ::-1], one.rate),
    ]
    assert len({samples_digest(each) for each in sounds}) == len(sounds)
    assert samples_digest(Sound(np.asfortranarray(sound(6, 2).samples), 16_000)) == samples_digest(sound(6, 2))


def hostile() -> dict[str, bytes]:
    """Files that hurt parsers which trust what they are told."""
    huge = (2**31 - 1).to_bytes(4, "little")
    boxes = b"x"
    for kind in (b"moov", b"trak", b"mdia", b"minf") * 250:
        boxes = (8 + len(boxes)).to_bytes(4) + kind + boxes
    brand = b"\0\0\0\x14ftypM4A \0\0\0\0M4A "
    return {
        "nested.m4a": brand + boxes,
        "huge.m4a": brand + huge[::-1] + b"moov" + bytes(50),
        "wide.m4a": brand + b"\0\0\0\1moov" + b"\x7f" + b"\xff" * 7 + bytes(50),
        "uuid.m4a": brand + huge[::-1] + b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(50),
        "huge.wav": b"RIFF" + huge + b"WAVEfmt " + huge + bytes(50),
        "manifest.wav": b"RIFF\x40\0\0\0WAVEC2PA" + huge + bytes(52),
        "empty.wav": b"RIFF" + (4 + 8 * 100_000).to_bytes(4, "little") + b"WAVE" + b"JUNK\0\0\0\0" * 100_000,
        "tag.mp3": b"ID3\x04\0\0\x7f\x7f\x7f\x7fGEOB\x7f\x7f\x7f\x7f\0\0" + bytes(50),
        "tag.flac": b"ID3\x04\0\0\0\0\0\x0aGEOB\x7f\x7f\x7f\x7f\0\0fLaC" + bytes(50),
        "block.flac": b"fLaC\x84\xff\xff\xff" + bytes(50),
        "pages.ogg": b"OggS\0\2" + bytes(20) + b"\xff" * 256 + b"\1vorbis" + bytes(50),
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_hostile_sounds_are_refused_in_the_child(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile()[name])
    verdict = verify_file(path, limits=Limits(cpu_seconds=5, wall_seconds=30))
    assert verdict.verdict in ("unreadable", "nothing_found")
    assert not any("made to do harm" in sentence for sentence in verdict.evidence), "the child lives on"


@pytest.mark.parametrize("row", [row for row in SOUNDS if not row.exact], ids=lambda row: row.name)
@pytest.mark.parametrize("count", [1, 3, 2000])
def test_without_a_label_the_shortest_sounds_read_back(row: SoundFormat, count: int) -> None:
    options = LabelOptions(waiver=Waiver("a test", acknowledged=True))
    high = np.sin(1.7 * np.arange(count) + 1).astype(np.float32)[None]
    media = row.labelled(Sound(high, 44_100), options, "lanczos", "")
    assert media.seconds < 0.06
    row.check(row.encode(media, Encoding()), media, Encoding())
    assert row.label_text(options) == ""


@pytest.mark.parametrize(("media_type", "times"), [("audio/ogg", 1), ("audio/flac", 2)])
def test_bytes_that_a_signature_doesnt_change_are_decoded_once(
    home: Home, monkeypatch: pytest.MonkeyPatch, media_type: str, times: int
) -> None:
    row, seen = format_of(media_type), []
    real = formats.sound.read

    def counted(data: bytes, most: int | None = None) -> object:
        seen.append(data)
        return real(data, most)

    rows = tuple(replace(one, decode=counted) if one is row else one for one in formats.FORMATS)
    monkeypatch.setattr(formats, "FORMATS", rows)
    work = finish(sound_draft(), home=home, media_type=media_type)
    assert len(seen) == times and seen[-1] == work.data
