from __future__ import annotations

import errno
import io
import json
import os
import socket
import struct
import threading
import time
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from drafts import GOLDEN, MEDIA_TYPES, draft, home_with_leaf, text_draft
from onpostgres import about_sqlite
from PIL import Image

from luokuan.colophon import aigc, c2pa_sign, manifest, xmp
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import Encoding, format_of, riff, webp
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.verdict import EXIT_CODES, Verdict, judge, worst
from luokuan.colophon.verification import MAX_ANCHOR, Limits, verify_file, verify_folder
from luokuan.errors import UserError
from luokuan.store.home import Home, open_home
from luokuan.store.keys import make_authority, signing, signing_from
from luokuan.store.secrets import watermark_key

ROOT = GOLDEN / "root.pem"


def save(work_data: bytes, path: Path) -> Path:
    path.write_bytes(work_data)
    return path


def plain_picture(path: Path, **options: object) -> Path:
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_ours(home: Home, tmp_path: Path, media_type: str) -> None:
    work = export_work(finish(draft(), home=home, media_type=media_type), tmp_path / "no-ending")
    assert work.path is not None
    verdict = verify_file(work.path)
    assert (verdict.verdict, verdict.unchanged, verdict.trusted, verdict.exit_code) == ("ours", True, True, 0)
    assert verdict.media_type == media_type
    assert verdict.work == work.id
    assert any("byte for byte" in sentence for sentence in verdict.evidence)
    assert json.loads(json.dumps(verdict.to_json()))["verdict"] == "ours"


def test_a_work_of_another_home_is_trusted_with_its_root_alone(home: Home, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    path = save(finish(draft(), home=other).data, tmp_path / "w.png")
    signing(home)
    assert verify_file(path, home).verdict == "unknown_signer"
    verdict = verify_file(path, home, [other.root_certificate])
    assert (verdict.verdict, verdict.trusted, verdict.exit_code) == ("trusted", True, 0)
    assert verify_file(path, home, [ROOT]).verdict == "unknown_signer", "another root helps nothing"
    assert verify_file(path, other).verdict == "ours"
    unknown = verify_file(path, home)
    assert (unknown.unchanged, unknown.trusted, unknown.exit_code) == (True, False, 1)
    assert "What follows is what the file says; nobody vouches for it." in unknown.evidence


def test_a_signer_who_takes_our_name_is_not_us(home: Home) -> None:
    name = "Luokuan home CA abc123"
    keys = signing(home, name=name)
    work = finish(draft(), home=home)
    claim = manifest.build(
        media_type="image/png",
        recipe=work.recipe,
        work_id=work.id,
        commitment=work.commitment,
        explicit_label=work.label,
        created=work.created_at,
    )
    bare = format_of("image/png").encode(draft().media, Encoding())
    forged = c2pa_sign.sign(bare, "image/png", claim, signing_from(*make_authority(name)))
    verdict = judge(Path("x"), Inspector(keys.root).inspect_bytes(forged), None)
    assert (verdict.verdict, verdict.signer, verdict.trusted) == ("unknown_signer", name, False)


@about_sqlite("it takes the file away")
def test_the_record_of_a_lost_database_is_missed(home: Home, tmp_path: Path) -> None:
    path = save(finish(draft(), home=home).data, tmp_path / "w.png")
    home.database.unlink()
    verdict = verify_file(path, home)
    assert verdict.verdict == "ours"
    assert "This home signed it, but its records don't hold the work." in verdict.evidence
    assert not home.database.exists(), "verifying makes nothing"


@about_sqlite("it damages the file")
@pytest.mark.parametrize("at", [0, 5000])
def test_a_damaged_database_takes_nothing_from_the_signature(home: Home, tmp_path: Path, at: int) -> None:
    path = save(finish(draft(), home=home).data, tmp_path / "w.png")
    for extra in home.database.parent.glob(home.database.name + "-*"):
        extra.unlink()
    data = bytearray(home.database.read_bytes())
    data[at:] = b"?" * (len(data) - at)
    home.database.write_bytes(data)
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.unchanged) == ("ours", True)
    assert any("records could not be looked at" in line for line in verdict.evidence)


def test_expired(tmp_path: Path) -> None:
    finish(draft(), home=open_home(tmp_path / "first"))  # what is imported at first use isn't counted below
    home = home_with_leaf(tmp_path / "short", timedelta(seconds=4))
    path = save(finish(draft(), home=home).data, tmp_path / "w.png")
    assert verify_file(path, home).verdict == "ours"
    damaged = bytearray(path.read_bytes())
    damaged[-30] ^= 1
    time.sleep(5.2)  # a certificate is valid through its last second
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.unchanged, verdict.trusted, verdict.exit_code) == (
        "expired_in_time",
        True,
        True,
        0,
    )
    assert any("entered at" in line and "while the certificate was valid" in line for line in verdict.evidence)
    stranger = verify_file(path, open_home(tmp_path / "stranger"))
    assert (stranger.verdict, stranger.unchanged, stranger.trusted, stranger.exit_code) == ("expired", True, False, 1)
    assert verify_file(save(bytes(damaged), tmp_path / "d.png"), home).verdict == "altered"


def test_stripped_and_its_record(home: Home, tmp_path: Path) -> None:
    work = finish(draft(), home=home)
    with Image.open(io.BytesIO(work.data)) as image:
        samples = np.asarray(image)
    row = format_of("image/png")
    packet = row.read_xmp(work.data)
    assert packet is not None
    bare = row.encode(type(draft().media)(samples), Encoding())
    verdict = verify_file(save(row.embed_xmp(bare, packet), tmp_path / "s.png"), home)
    assert (verdict.verdict, verdict.unchanged, verdict.exit_code) == ("marked", None, 1)
    assert any(work.id in s and "other bytes" in s for s in verdict.evidence)
    clear = np.full_like(samples, 90)
    bare = row.encode(type(draft().media)(clear), Encoding())
    assert verify_file(save(bare, tmp_path / "n.png"), home).verdict == "nothing_found"


def test_a_mark_without_any_label_leads_to_the_record(home: Home, tmp_path: Path) -> None:
    work = finish(draft(), home=home)
    path = tmp_path / "bare.jpg"
    with Image.open(io.BytesIO(work.data)) as image:
        image.crop((40, 30, 660, 500)).save(path, quality=50)
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.unchanged, verdict.exit_code) == ("marked", None, 1)
    assert verdict.watermark is not None
    assert (verdict.watermark["kind"], verdict.watermark["id"], verdict.watermark["marked"]) == (
        "picture",
        work.id,
        True,
    )
    assert any("invisible watermark" in line and work.id in line for line in verdict.evidence)
    assert any(work.id in line and "other bytes" in line for line in verdict.evidence)
    assert json.loads(json.dumps(verdict.to_json()))["watermark"]["id"] == work.id
    stranger = open_home(tmp_path / "stranger")
    assert verify_file(path, stranger).watermark is None, "a home without a secret decodes nothing"
    watermark_key(stranger)
    verdict = verify_file(path, stranger)
    assert verdict.verdict == "nothing_found"
    assert any("was not found" in line for line in verdict.evidence)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (70, 65)])
def test_small_and_odd_pictures_are_looked_at_for_a_mark(home: Home, tmp_path: Path, mode: str, size: tuple) -> None:
    watermark_key(home)
    path = tmp_path / "a.png"
    Image.new(mode, size).save(path)
    verdict = verify_file(path, home)
    assert verdict.verdict == "nothing_found"
    assert verdict.watermark is not None
    assert verdict.watermark["problem"] == ("small" if min(size) < 64 else None)
    assert verdict.watermark["marked"] is False


@pytest.mark.parametrize(
    ("label", "word", "sentence"),
    [
        ('{"Label":"1"}', "labelled", "doesn't follow GB 45438-2025"),
        (aigc.Aigc("3", "me", "7").build(), "labelled", "suspected to be generated by AI; producer me, number 7"),
        (aigc.Aigc("2", "me", "7").build(), "labelled", "may be generated by AI"),
    ],
)
def test_labels_of_others(tmp_path: Path, label: str, word: str, sentence: str) -> None:
    packet = xmp.build(aigc.Aigc("1", "X", "Y"))
    own = aigc.Aigc("1", "X", "Y").build().encode()
    path = plain_picture(tmp_path / "a.jpg")
    path.write_bytes(format_of("image/jpeg").embed_xmp(path.read_bytes(), packet.replace(own, label.encode())))
    verdict = verify_file(path)
    assert verdict.verdict == word
    assert any(sentence in s for s in verdict.evidence)


def test_unreadable_things(tmp_path: Path) -> None:
    golden = (GOLDEN / "golden.png").read_bytes()
    whole = plain_picture(tmp_path / "whole.jpg").read_bytes()
    cases = {
        "empty.png": b"",
        "latin.txt": "Déjà vu, whatever my name says.".encode("latin-1"),
        "cut.jpg": whole[: len(whole) // 8],
        "other.gif": b"GIF89a" + bytes(50),
        "magic.png": golden[:8],
        "magic.webp": b"RIFF\0\0\0\0WEBP",
    }
    for name, data in cases.items():
        verdict = verify_file(save(data, tmp_path / name))
        assert (verdict.verdict, verdict.exit_code) in (("unreadable", 2), ("nothing_found", 1)), name
        assert name == "magic.webp" or verdict.verdict == "unreadable", name
        assert verdict.evidence or verdict.verdict == "nothing_found"


def test_a_cut_signed_file_is_altered_or_unreadable_never_fine() -> None:
    inspector = Inspector(anchors=ROOT.read_bytes())
    for name in ("golden.png", "golden.jpg", "golden.webp"):
        data = (GOLDEN / name).read_bytes()
        for length in range(0, len(data), 501):
            word = judge(Path(name), inspector.inspect_bytes(data[:length]), None).verdict
            assert word in ("altered", "unreadable", "labelled"), (name, length, word)


def test_a_picture_bomb_is_looked_at_without_decoding(home: Home, tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    samples = b"".join([*(packer.compress(bytes(8_126 * 100)) for _ in range(650)), packer.flush()])
    header = struct.pack(">IIBBBBB", 65_000, 65_000, 1, 0, 0, 0, 0)  # 528 MB when unpacked
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", samples) + chunk(b"IEND", b"")
    watermark_key(home)
    verdict = verify_file(save(bomb, tmp_path / "bomb.png"), home, limits=Limits(cpu_seconds=5))
    assert verdict.verdict == "nothing_found"
    assert verdict.watermark is not None
    assert (verdict.watermark["problem"], verdict.watermark["marked"]) == ("large", False)


def test_a_size_that_is_only_declared_fills_no_memory(home: Home, tmp_path: Path) -> None:
    watermark_key(home)
    whole = io.BytesIO()
    Image.new("RGB", (64, 64)).save(whole, "WEBP")
    frame = whole.getvalue()[12:]
    header = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_382).to_bytes(3, "little") * 2
    body = b"WEBP" + header + frame
    path = save(b"RIFF" + struct.pack("<I", len(body)) + body, tmp_path / "wide.webp")
    verdict = verify_file(path, home, limits=Limits(memory_bytes=1 << 30))
    assert verdict.verdict == "nothing_found"
    assert not (verdict.watermark or {}).get("marked")


@pytest.mark.parametrize("save_as", [{"format": "JPEG", "mode": "CMYK"}, {"format": "PNG", "mode": "I;16"}])
def test_unusual_pictures_are_looked_at(tmp_path: Path, save_as: dict[str, str]) -> None:
    path = tmp_path / "a"
    Image.new(save_as["mode"], (30, 20)).save(path, save_as["format"])
    assert verify_file(path).verdict == "nothing_found"


def test_animated_webp_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert verify_file(path).verdict == "nothing_found"


def test_no_file_makes_us_fetch_anything(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(1.5)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/m.c2pa"
        packet = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" '
            f'dcterms:provenance="{address}"/></rdf:RDF></x:xmpmeta>'
        ).encode()
        path = plain_picture(tmp_path / "a.jpg")
        path.write_bytes(format_of("image/jpeg").embed_xmp(path.read_bytes(), packet))
        called: list[object] = []

        def wait() -> None:
            try:
                called.append(server.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=wait)
        thread.start()
        verdict = verify_file(path)
        thread.join()
    assert called == []
    assert verdict.verdict == "nothing_found"
    assert any("nothing was fetched" in sentence for sentence in verdict.evidence)


def test_wrong_input_is_the_users(tmp_path: Path) -> None:
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    cases = [(tmp_path / "absent.png", "verify.missing"), (loop, "verify.missing"), (tmp_path, "verify.folder")]
    for path, code in cases:
        with pytest.raises(UserError) as caught:
            verify_file(path)
        assert caught.value.code == code
    for anchor in (tmp_path / "absent.pem", b"no certificate", GOLDEN / "golden.png"):
        with pytest.raises(UserError) as caught:
            verify_file(GOLDEN / "golden.png", None, [anchor])
        assert caught.value.code == "verify.anchor"


def test_roots_without_an_end_are_not_read(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe.pem", tmp_path / "large.pem"
    os.mkfifo(pipe)
    large.write_bytes(ROOT.read_bytes() + b"\n" * MAX_ANCHOR)
    for anchor in (pipe, large, Path("/dev/zero")):
        with pytest.raises(UserError) as caught:
            verify_file(GOLDEN / "golden.png", None, [anchor])
        assert caught.value.code == "verify.anchor"


def test_a_pipe_and_a_large_file_are_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    assert "regular file" in verify_file(pipe).evidence[0]
    verdict = verify_file(GOLDEN / "golden.png", limits=Limits(file_bytes=1000))
    assert verdict.verdict == "unreadable"
    assert "larger than the limit" in verdict.evidence[0]


def test_a_folder_with_loops_pipes_and_odd_names(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "works"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    os.mkfifo(folder / "pipe")
    (folder / "notes.txt").write_text("no picture")
    data = finish(draft(), home=home).data
    for name in ("b.png", "sub/a", "名字.png", os.fsdecode(b"\xff\xfe.png")):
        save(data, folder / name)
    save(b"text", folder / "liar.jpg")
    poem = finish(text_draft(), home=home, media_type="text/plain")
    save(poem.data, folder / "alone.txt")  # what lay beside it is gone
    verdicts = verify_folder(folder, home)
    found = {os.fsencode(v.path.relative_to(folder)): v.verdict for v in verdicts}
    assert found == {
        b"alone.txt": "ours_stripped",
        b"b.png": "ours",
        b"liar.jpg": "nothing_found",
        b"self.png": "unreadable",
        b"sub/a": "ours",
        "名字.png".encode(): "ours",
        b"\xff\xfe.png": "ours",
    }
    assert worst(verdicts).verdict == "unreadable"
    assert json.dumps([v.to_json() for v in verdicts]).isascii()


def test_a_folder_without_pictures_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        verify_folder(tmp_path)
    assert caught.value.code == "verify.empty"


def test_the_worst_verdict_rules() -> None:
    verdicts = [Verdict(word, Path(word)) for word in EXIT_CODES]
    assert worst(verdicts).verdict == "unreadable"
    assert worst(verdicts[:4][::-1]).verdict == "unknown_signer"
    assert [verdict.exit_code for verdict in verdicts] == [0] * 3 + [1] * 11 + [2]


def test_a_deep_folder_is_walked_to_where_the_system_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bottom = os.open(tmp_path, os.O_RDONLY)
    for level in range(1200):  # more levels than Python has frames
        os.mkdir("d", dir_fd=bottom)
        below = os.open("d", os.O_RDONLY, dir_fd=bottom)
        os.close(bottom)
        bottom = below
        if level == 1100:
            with os.fdopen(os.open("a.png", os.O_WRONLY | os.O_CREAT, dir_fd=bottom), "wb") as stream:
                stream.write((GOLDEN / "golden.png").read_bytes())
    os.close(bottom)
    try:
        (verdict,) = verify_folder(tmp_path, None, [ROOT])
        assert verdict.verdict == "trusted"
        real = os.scandir

        def cut(path: Path) -> object:
            if len(path.parts) > len(tmp_path.parts) + 900:
                raise OSError(errno.ENAMETOOLONG, "too long")
            return real(path)

        monkeypatch.setattr(os, "scandir", cut)
        (verdict,) = verify_folder(tmp_path, None, [ROOT])
        assert verdict.verdict == "unreadable", "what can't be entered is said, not passed over"
    finally:
        # Pytest's own removal calls itself for each level: shorten the chain from the top.
        monkeypatch.undo()
        for cut_at in (800, 400):
            tail = tmp_path.joinpath(*["d"] * cut_at)
            tail.rename(tmp_path / f"e{cut_at}")


def test_a_folder_that_may_not_be_entered_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    save((GOLDEN / "golden.png").read_bytes(), tmp_path / "a.png")
    real = os.scandir

    def denied(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(errno.EACCES, "denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = {v.path.name: v.verdict for v in verify_folder(tmp_path, None, [ROOT])}
    assert found == {"a.png": "trusted", "locked": "unreadable"}


@pytest.mark.parametrize("root", [b"", b"garbage", b"\xff\xfe", None])
def test_a_damaged_root_of_the_home_is_named(home: Home, root: bytes | None) -> None:
    signing(home)
    home.root_certificate.unlink()
    if root is None:
        home.root_certificate.mkdir()
    else:
        home.root_certificate.write_bytes(root)
    with pytest.raises(UserError) as caught:
        verify_file(GOLDEN / "golden.png", home)
    assert caught.value.code == "keys.damaged"


def test_a_damaged_watermark_secret_is_named(home: Home) -> None:
    (home.keys / "watermark.key").write_bytes(b"short")
    with pytest.raises(UserError) as caught:
        verify_file(GOLDEN / "golden.png", home)
    assert caught.value.code == "store.secret"


def test_parts_of_one_work_in_another_are_noticed(home: Home) -> None:
    one, two = (finish(draft(seed), home=home, media_type="image/webp").data for seed in (1, 2))
    parts, others = ({name: data[start:end] for name, start, end in webp._chunks(data)} for data in (one, two))
    inspector = Inspector(signing(home).root)

    def built(chunks: dict[bytes, bytes]) -> str:
        body = b"WEBP" + b"".join(riff.chunk(*chunk) for chunk in chunks.items())
        data = b"RIFF" + len(body).to_bytes(4, "little") + body
        return judge(Path("x"), inspector.inspect_bytes(data), None).verdict

    assert built(parts) == "ours"
    for names in ([b"C2PA"], [b"XMP "], [b"C2PA", b"XMP "], [b"VP8 "]):
        assert built({**parts, **{name: others[name] for name in names}}) == "altered", names
    assert built({**parts, b"JUNK": b"more"}) == "altered"
    assert built({name: body for name, body in parts.items() if name != b"XMP "}) == "altered"
    assert built({name: body for name, body in parts.items() if name != b"C2PA"}) == "labelled"
