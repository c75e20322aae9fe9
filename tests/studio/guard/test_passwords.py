"""Passwords."""

from __future__ import annotations

import pytest

from luokuan.errors import UserError
from luokuan.studio.guard import passwords


@pytest.fixture(autouse=True)
def passwords_are_quick() -> None:
    """Not here."""


def test_a_password_fits_its_own_hash_alone() -> None:
    kept = passwords.hashed("four words of no sense")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and "four" not in kept
    assert passwords.fits("four words of no sense", kept) and not passwords.outdated(kept)
    for wrong, hashed in (("four words", kept), ("", kept), ("x" * 10_000, kept), ("nobody", None), ("x", "no hash")):
        assert not passwords.fits(wrong, hashed)
    assert not passwords.fits("\ud800" * 12, kept), "half a character is no fault of ours"


@pytest.mark.parametrize(
    ("password", "again", "code"),
    [
        ("four words of no sense", "four words of no sens", "password.differ"),
        ("short", "short", "password.length"),
        ("x" * 201, "x" * 201, "password.length"),
        ("administrator", "administrator", "password.easy"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "password.easy"),
    ],
)
def test_what_wont_do(password: str, again: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        passwords.check_new(password, again, "administrator")
    assert (caught.value.code, caught.value.status) == (code, 422)
