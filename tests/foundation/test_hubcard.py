from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luokuan.foundation.hubcard import licence_of_card, with_licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("---\nlicense: apache-2.0\ntags: [a]\n---\n# Model\n", "Apache-2.0"),
        ("---\nlicense: mit\n---\n", "MIT"),
        ("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research"),
        ("---\nlicense: llama3.2\n---\n", "llama3.2"),
        ("---\nlicense: other\n---\n", "unknown"),
        ("---\nlicense: [mit]\n---\n", "unknown"),
        ('---\nlicense: "a\\nb"\n---\n', "unknown"),
        ("---\n: : :\n---\n", "unknown"),
        ("---\nlicense: !!bool maybe\n---\n", "unknown"),
        ("---\nlicense: !!int ''\n---\n", "unknown"),
        ("---\nlicense: !!timestamp me\n---\n", "unknown"),
        ("---\nlicense: !!timestamp {=: me}\n---\n", "unknown"),
        ("---\nlicense: mit\nversion: " + "1:" * 200 + "1.5\n---\n", "unknown"),
        ("---\nlicense: mit\n", "unknown"),
        ("# no front matter\nlicense: mit\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_licence_of_a_card(tmp_path: Path, text: str, licence: str) -> None:
    card = tmp_path / "README.md"
    card.write_text(text)
    assert licence_of_card(card) == licence
    card.write_text(with_licence(text, "MIT"))
    assert licence_of_card(card) == "MIT"


def test_no_card(tmp_path: Path) -> None:
    assert licence_of_card(tmp_path / "README.md") == "unknown"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    card = tmp_path / "README.md"
    card.write_bytes(b"---\nlicense: " + data + b"\n---\n")
    assert isinstance(licence_of_card(card), str)
