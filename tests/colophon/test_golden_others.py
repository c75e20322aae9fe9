"""Clips, pages and scores signed under schema 1 must verify forever. Never make these files again: make the reader
understand them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from drafts import DATA

from luokuan.colophon.formats import format_of_path
from luokuan.colophon.tlog.proof import ENDING, parse_proof
from luokuan.colophon.verification import verify_file
from luokuan.files import sha256_file

GOLDEN = DATA / "colophon-v1-other"
NAMES = ("golden.mp4", "golden.webm", "golden.html", "golden.mid")
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_golden_files_verify(name: str) -> None:
    assert sha256_file(GOLDEN / name) == EXPECTED[name]["sha256"]
    verdict = verify_file(GOLDEN / name, trust_anchors=[GOLDEN / "root.pem"])
    assert (verdict.verdict, verdict.unchanged, verdict.trusted) == ("trusted", True, True)
    assert (verdict.model, verdict.model_digest) == ("golden", "0123456789abcdef" * 4)
    assert (verdict.signer, verdict.licence) == ("Luokuan golden v1", "CC0-1.0")
    assert verdict.work == EXPECTED[name]["work"]
    assert verdict.created == EXPECTED[name]["created"].replace("+00:00", "Z")
    assert verdict.explicit_label is not None and "AI" in verdict.explicit_label
    assert verdict.label is not None
    assert verdict.label["ProduceID"] == EXPECTED[name]["work"]
    assert verdict.log is not None and verdict.log.startswith("luokuan/")
    assert verify_file(GOLDEN / name).verdict == "unknown_signer"
    assert (GOLDEN / name).stat().st_size < 100_000


@pytest.mark.parametrize("name", [name for name in NAMES if not format_of_path(Path(name)).embeds_manifest])
def test_their_proofs_hold(name: str) -> None:
    proof = parse_proof((GOLDEN / (name + ENDING)).read_bytes())
    assert proof.sound and proof.entry.sha256 == EXPECTED[name]["sha256"]
    verdict = verify_file(GOLDEN / name, trust_anchors=[GOLDEN / "root.pem"])
    assert any("the key that the signer names in the manifest" in line for line in verdict.evidence)


@pytest.mark.parametrize("name", NAMES)
def test_one_other_byte_is_noticed(name: str, tmp_path: Path) -> None:
    for path in GOLDEN.glob(f"{name}*"):
        shutil.copy(path, tmp_path)
    data = bytearray((GOLDEN / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(data))
    verdict = verify_file(tmp_path / name, trust_anchors=[GOLDEN / "root.pem"])
    assert verdict.unchanged is not True and not verdict.trusted
