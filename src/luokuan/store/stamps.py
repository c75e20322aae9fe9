"""Time-stamps of an authority (RFC 3161): somebody else's word on when a thing was there.

Signatures get theirs through c2pa-rs, which asks the same authority. These functions are for what has no manifest, and
for trying an authority before it is relied upon.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from luokuan.errors import UserError
from luokuan.i18n import _

CONNECT, SILENCE = 5.0, 15.0
"""Seconds: for a connection, and for each silence of the authority."""
MAX_ANSWER = 1 << 16
"""Largest answer, in bytes; with its certificates one has about 5,000."""


def check_url(url: str) -> str:
    """``url`` as it is, if it can be a time-stamp authority's.

    Raises:
        UserError: it is no http or https address, or holds a name and password, which would stand in a settings file.
    """
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.fragment
    except ValueError:
        fine = False
    if not fine or len(url) > 2000 or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise UserError(
            _("This is no address of a time-stamp authority."),
            _("Give one that begins with http:// or https://, or the word none."),
            code="identity.stamp_url",
        )
    if parts.username is not None or parts.password is not None:
        raise UserError(
            _("The address holds a name or a password."),
            _("Choose a time-stamp authority that doesn't ask for one."),
            code="identity.stamp_url",
        )
    return url


def stamp(data: bytes, url: str) -> bytes:
    """Ask for a time-stamp over ``data``. Only its SHA-512 leaves this machine.

    Args:
        data: Anything but nothing.
        url: The authority, http or https; no redirect is followed.

    Returns:
        The answer as RFC 3161 encodes it (TimeStampResp, DER), for ``check_stamp``.

    Raises:
        UserError: the authority can't be reached, is silent for 15 seconds, refuses, or its answer is none.
    """
    import httpx2
    from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

    request = TimestampRequestBuilder().data(data).build()
    headers = {"Content-Type": "application/timestamp-query"}
    try:
        with (
            httpx2.Client(timeout=httpx2.Timeout(SILENCE, connect=CONNECT), follow_redirects=False) as client,
            client.stream("POST", check_url(url), content=request.as_bytes(), headers=headers) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                raise unreachable(url, f"HTTP {response.status_code}")
            answer = b""
            for piece in response.iter_bytes(1 << 12):
                answer += piece
                if len(answer) > MAX_ANSWER:
                    raise unreachable(url, _("its answer is too long"))
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        raise unreachable(url, str(error) or type(error).__name__) from error
    try:
        decoded = decode_timestamp_response(answer)
        if decoded.status != 0 or decoded.tst_info.nonce != request.nonce:
            raise ValueError("it was not granted, or answers another question")
        if decoded.tst_info.message_imprint.message != request.message_imprint.message:
            raise ValueError("it is about other data")
    except (ValueError, TypeError, AttributeError) as error:
        raise unreachable(url, str(error)) from error
    return answer


def check_stamp(answer: bytes, data: bytes, roots: bytes) -> datetime:
    """When an authority under ``roots`` saw ``data``, UTC.

    Args:
        answer: What ``stamp`` returned.
        data: What it is about.
        roots: The certificates under which time-stamps count, PEM.

    Raises:
        UserError: it is damaged, about other data, or of nobody under ``roots``.
    """
    from cryptography import x509
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        decoded = decode_timestamp_response(answer)
        verifier = VerifierBuilder(roots=x509.load_pem_x509_certificates(roots)).build()
        verifier.verify_message(decoded, data)
        return decoded.tst_info.gen_time.astimezone(UTC)
    except (ValueError, TypeError, VerificationError) as error:
        raise UserError(
            _("The time-stamp doesn't hold: {reason}.", reason=str(error).rstrip(".")),
            _("Give the root certificate of the authority that made it, and what it was made for."),
            code="identity.stamp",
        ) from error


def unreachable(url: str, why: str) -> UserError:
    """What is said of a time-stamp authority that gives no usable answer."""
    return UserError(
        _("The time-stamp authority {url} gave no time-stamp: {why}.", url=url, why=why[:200].rstrip(".")),
        _("Try again later, or do without: luokuan identity tsa none"),
        code="identity.stamp_failed",
        status=424,
    )
