"""Sounds signed under schema 1 must verify forever. Never make these files again: make the reader understand them."""

from __future__ import annotations

import json

import pytest
from drafts import DATA

from luokuan.colophon.verification import verify_file
from luokuan.files import sha256_file

GOLDEN = DATA / "colophon-v1-sound"
NAMES = ("golden.wav", "golden.flac", "golden.mp3", "golden.ogg", "golden.opus", "golden.m4a")
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_golden_sounds_verify(name: str) -> None:
    assert sha256_file(GOLDEN / name) == EXPECTED[name]["sha256"]
    verdict = verify_file(GOLDEN / name, trust_anchors=[GOLDEN / "root.pem"])
    assert (verdict.verdict, verdict.unchanged, verdict.trusted) == ("trusted", True, True)
    assert (verdict.model, verdict.model_digest) == ("golden", "0123456789abcdef" * 4)
    assert (verdict.signer, verdict.licence) == ("Luokuan golden v1", "CC0-1.0")
    assert verdict.work == EXPECTED[name]["work"]
    assert verdict.created == EXPECTED[name]["created"].replace("+00:00", "Z")
    assert verdict.explicit_label == "AI (.- ..)"
    assert verdict.label is not None
    assert verdict.label["ProduceID"] == EXPECTED[name]["work"]
    assert verify_file(GOLDEN / name).verdict == "unknown_signer"
