"""Runtime dependencies bind nobody, and the check would notice one that does."""

from __future__ import annotations

import pytest

import check_licences


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0",
        "GNU General Public License v2 (GPLv2)",
        "CC-BY-NC-4.0",
        "GNU Affero",
        "Noncommercial",
    ],
)
def test_these_bind(licence: str) -> None:
    assert check_licences.binds(licence)


@pytest.mark.parametrize(
    "licence",
    ["MIT", "LGPL-3.0", "GNU Lesser General Public License v3", "GNU Library or Lesser General Public License (LGPL)",
     "MIT OR GPL-2.0", "Apache-2.0 AND MIT", "MPL-2.0"],
)  # fmt: skip
def test_these_do_not(licence: str) -> None:
    assert not check_licences.binds(licence)


def test_the_lock_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_licences.main() == 0, capsys.readouterr().out


def test_a_binding_runtime_package_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_licences, "licence_of", lambda name: "GPL-3.0" if name == "rich" else "MIT")
    assert check_licences.main() == 1
    assert "rich: GPL-3.0" in capsys.readouterr().out
