"""Secrets for sessions, links and keys: random, 256 bits, kept only as their SHA-256.

A random secret needs no slow hash: nobody guesses 256 bits. Passwords, which people choose, are in ``passwords``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

BYTES = 32
PREFIX = "lk-"
"""What API keys begin with, so that those who look for leaked secrets find them."""


def new_token() -> str:
    """A new secret, 43 characters that are safe in a URL and a cookie."""
    return secrets.token_urlsafe(BYTES)


def new_id() -> str:
    """A new id of an account or a key: 16 lower-case hexadecimal digits."""
    return secrets.token_hex(8)


def digest(token: str) -> str:
    """What is kept of a secret: SHA-256, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(token: str, kept: str) -> bool:
    """Whether ``token`` is the secret whose digest was kept, in constant time."""
    return hmac.compare_digest(digest(token), kept)


def key_text(key_id: str, secret: str) -> str:
    """An API key as its owner holds it."""
    return f"{PREFIX}{key_id}-{secret}"


def split_key(text: str) -> tuple[str, str] | None:
    """Id and secret of an API key; None if it doesn't look like one."""
    if not text.startswith(PREFIX) or len(text) > 200:
        return None
    key_id, dash, secret = text[len(PREFIX) :].partition("-")
    return (key_id, secret) if dash and len(key_id) == 16 and secret else None
