"""Names that lead out of a corpus, or look like it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.studio.material.names import safe_path

REFUSED = (
    "../x.png", "a/../../x.png", "a/..", "..", "/etc/passwd", "//host/x.png", "C:/x.png", "c:x.png", "..\\x.png",
    "a\\..\\x.png", "a\\b.png", "x\x00.png", "x.png\x00.exe", "\x00", "a\nb.png", "a\x7fb.png", "",
    "．．/x.png", "․․/x.png",
    "a／..／x.png", "a＼b.png", "...", ".. /x.png", "x.png.", "x.png ",
    "con", "a/CON.png", "nul.txt", "com1.png", "Lpt9",
    "a\u202egnp.exe", "\u2066x", "x" * 201 + ".png", "/".join(["d"] * 20) + "/x.png", "\ud800.png",
)  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(UserError) as caught:
        safe_path(name)
    assert (caught.value.code, caught.value.status) == ("upload.name", 422)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.png", "a/b.png"), ("./a//b.png", "a/b.png"), ("%2e%2e/x.png", "%2e%2e/x.png"),
        ("照片/裙子.png", "照片/裙子.png"),
        ("cafe\u0301.txt", "caf\u00e9.txt"), ("console.png", "console.png"), ("a b.png", "a b.png"),
    ],
)  # fmt: skip
def test_what_is_a_name_everywhere_stays(name: str, path: str) -> None:
    assert safe_path(name) == PurePosixPath(path)


@pytest.mark.parametrize(
    "name", [".DS_Store", "a/.git/config", "__MACOSX/a/._b.png", "Thumbs.db", "a/desktop.ini", "./"]
)
def test_litter_is_left_out(name: str) -> None:
    assert safe_path(name) is None


@given(st.text(max_size=40))
def test_nothing_leads_out(name: str) -> None:
    try:
        path = safe_path(name)
    except UserError:
        return
    assert path is None or (not path.is_absolute() and ".." not in path.parts and "\\" not in str(path))
