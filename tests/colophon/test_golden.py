"""Files signed under schema 1 must verify forever. Never make these files again: make the reader understand them."""

from __future__ import annotations

import io
import json

import encypher_c2pa
import pytest
from drafts import GOLDEN
from PIL import Image

from luokuan.colophon.inspection import Inspector
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import verify_file
from luokuan.files import sha256_file

NAMES = ("golden.png", "golden.jpg", "golden.webp")
ROOT = GOLDEN / "root.pem"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
each_name = pytest.mark.parametrize("name", NAMES)


@each_name
def test_golden_files_verify(name: str) -> None:
    assert sha256_file(GOLDEN / name) == EXPECTED[name]["sha256"]
    verdict = verify_file(GOLDEN / name, trust_anchors=[ROOT])
    assert verdict.verdict == "trusted"
    assert verdict.unchanged is True
    assert verdict.trusted
    assert verdict.model == "golden"
    assert verdict.model_digest == "0123456789abcdef" * 4
    assert verdict.signer == "Luokuan golden v1"
    assert verdict.work == EXPECTED[name]["work"]
    assert verdict.created == EXPECTED[name]["created"].replace("+00:00", "Z")
    assert verdict.licence == "CC0-1.0"
    assert verdict.explicit_label == "人工智能生成 AI generated"
    assert verdict.label is not None
    assert verdict.label["ProduceID"] == EXPECTED[name]["work"]


@each_name
def test_without_the_root_the_signer_is_unknown(name: str) -> None:
    verdict = verify_file(GOLDEN / name)
    assert (verdict.verdict, verdict.unchanged, verdict.trusted) == ("unknown_signer", True, False)


@each_name
def test_an_independent_verifier_agrees(name: str) -> None:
    media_type = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}[name.rpartition(".")[2]]
    report = encypher_c2pa.verify(
        (GOLDEN / name).read_bytes(),
        media_type,
        trust_pem=ROOT.read_text(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert report["validation_state"] == "Trusted"


def manifest_span(data: bytes) -> range:
    """Where the manifest lies, with its container's chunk header and checksum."""
    start = data.index(b"jumb") - 4
    return range(start - 20, start + int.from_bytes(data[start : start + 4]) + 5)


@each_name
def test_one_flipped_bit_anywhere_outside_the_manifest_is_noticed(name: str) -> None:
    # Inside it, C2PA leaves box lengths and the signature's padding uncovered.
    data = (GOLDEN / name).read_bytes()
    inspector = Inspector(anchors=ROOT.read_bytes())
    span = manifest_span(data)
    words: dict[str, int] = {}
    for at in [*range(0, len(data), 41), len(data) - 1]:
        if at not in span:
            changed = bytearray(data)
            changed[at] ^= 1
            word = judge(GOLDEN, inspector.inspect_bytes(bytes(changed)), None).verdict
            words[word] = words.get(word, 0) + 1
    assert set(words) <= {"altered", "unreadable"}
    assert words["altered"] > 0.95 * sum(words.values())


def test_in_png_the_checksum_covers_the_manifests_padding_as_well() -> None:
    data = (GOLDEN / "golden.png").read_bytes()
    inspector = Inspector(anchors=ROOT.read_bytes())
    for at in [data.index(b"cpadY") + 50, manifest_span(data)[-2]]:
        changed = bytearray(data)
        changed[at] ^= 1
        facts = inspector.inspect_bytes(bytes(changed))
        assert (facts.state, facts.damaged) == ("Trusted", True)
        assert judge(GOLDEN, facts, None).verdict == "altered"


@each_name
def test_one_flipped_bit_in_the_samples_is_an_alteration(name: str) -> None:
    data = bytearray((GOLDEN / name).read_bytes())
    start = {"golden.png": b"IDAT", "golden.jpg": b"\xff\xda", "golden.webp": b"VP8 "}[name]
    data[data.index(start) + 200] ^= 1
    facts = Inspector(anchors=ROOT.read_bytes()).inspect_bytes(bytes(data))
    verdict = judge(GOLDEN, facts, None)
    assert (verdict.verdict, verdict.unchanged, verdict.trusted) == ("altered", False, False)
    assert any("dataHash.mismatch" in sentence for sentence in verdict.evidence)


@each_name
@pytest.mark.parametrize("tail", [b"\0", b"more", bytes(1000)])
def test_appended_bytes_are_noticed(name: str, tail: bytes) -> None:
    facts = Inspector(anchors=ROOT.read_bytes()).inspect_bytes((GOLDEN / name).read_bytes() + tail)
    assert judge(GOLDEN, facts, None).verdict == "altered"


@each_name
def test_saving_again_strips_it(name: str) -> None:
    with Image.open(GOLDEN / name) as image:
        bare, kept = io.BytesIO(), io.BytesIO()
        packet = image.info["xmp"]
        image.info.clear()
        image.save(bare, image.format)
        image.save(kept, "WEBP", xmp=packet)
    inspector = Inspector(anchors=ROOT.read_bytes())
    assert judge(GOLDEN, inspector.inspect_bytes(bare.getvalue()), None).verdict == "nothing_found"
    stripped = judge(GOLDEN, inspector.inspect_bytes(kept.getvalue()), None)
    assert (stripped.verdict, stripped.unchanged) == ("labelled", None)
    assert stripped.label is not None
