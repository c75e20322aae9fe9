"""Secrets for sessions, links and keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from luokuan.studio.guard import tokens


def test_a_token_is_random_long_and_kept_only_as_a_digest() -> None:
    found = {tokens.new_token() for _ in range(100)}
    assert len(found) == 100 and all(len(token) == 43 for token in found), "256 bits each"
    token = found.pop()
    assert tokens.same(token, tokens.digest(token)) and not tokens.same(token + "x", tokens.digest(token))
    assert token not in tokens.digest(token)


def test_a_key_comes_apart_again() -> None:
    key_id, secret = tokens.new_id(), tokens.new_token()
    assert tokens.split_key(tokens.key_text(key_id, secret)) == (key_id, secret)
    for wrong in ("", "lk-", "sk-abc", f"lk-{key_id}", f"lk-{key_id}-", "lk-short-secret", "lk-" + "x" * 300):
        assert tokens.split_key(wrong) is None


@given(st.text())
def test_anything_may_be_shown_as_a_key(text: str) -> None:
    found = tokens.split_key(text)
    assert found is None or len(found[0]) == 16
    assert not tokens.same(text, "0" * 64)
