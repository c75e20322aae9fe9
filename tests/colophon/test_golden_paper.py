"""A sheet of music on paper signed under schema 1 must verify forever. Never make this file again: make the reader
understand it."""

from __future__ import annotations

import json

from drafts import DATA

from luokuan.colophon.formats.pdf import PDF
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.verification import verify_file
from luokuan.files import sha256_file

GOLDEN = DATA / "colophon-v1-paper"
NAME = "golden.pdf"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())[NAME]


def test_the_golden_sheet_verifies() -> None:
    assert sha256_file(GOLDEN / NAME) == EXPECTED["sha256"] and (GOLDEN / NAME).stat().st_size < 100_000
    verdict = verify_file(GOLDEN / NAME, trust_anchors=[GOLDEN / "root.pem"])
    assert (verdict.verdict, verdict.unchanged, verdict.trusted) == ("trusted", True, True)
    assert (verdict.model, verdict.model_digest) == ("golden", "0123456789abcdef" * 4)
    assert (verdict.signer, verdict.licence) == ("Luokuan golden v1", "CC0-1.0")
    assert verdict.work == EXPECTED["work"] == PDF.mark((GOLDEN / NAME).read_bytes())
    assert verdict.created == EXPECTED["created"].replace("+00:00", "Z")
    assert verdict.explicit_label is not None and "AI" in verdict.explicit_label
    assert verdict.label is not None and verdict.label["ProduceID"] == EXPECTED["work"]
    assert verify_file(GOLDEN / NAME).verdict == "unknown_signer"


def test_one_other_byte_is_noticed() -> None:
    data = (GOLDEN / NAME).read_bytes()
    inspector = Inspector(anchors=(GOLDEN / "root.pem").read_bytes())
    assert inspector.inspect_bytes(data).state == "Trusted"
    # Within the manifest itself C2PA leaves room uncovered.
    begin = data.rindex(b"stream\n", 0, data.index(b"jumb"))
    end = data.index(b"endstream", begin)
    for place in (*range(0, begin, 211), *range(begin - 20, begin + 7), *range(end, len(data), 17), len(data) - 1):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert inspector.inspect_bytes(changed).state != "Trusted", place
