"""A node of a chain, asked by JSON-RPC over HTTP. It is a stranger: every answer is checked for its form.

An address often holds a key of the provider in its path, so only its host is ever shown.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from luokuan.errors import UserError
from luokuan.i18n import _

CONNECT, SILENCE = 5.0, 20.0
"""Seconds: for a connection, and for each silence of the node."""
MAX_ANSWER = 4 << 20
"""Largest answer, in bytes."""
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_DATA = re.compile(r"0x(?:[0-9a-f]{2})*")


class Refused(Exception):
    """The node understood, and said no. ``data``: what a contract answered when it reverted, else empty."""

    def __init__(self, message: str, data: bytes = b"") -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class Node:
    """A node by its address.

    Args:
        url: http or https.

    Raises:
        UserError: it is no such address.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            fine = False
        if not fine or len(url) > 2000 or not re.fullmatch(r"[\x21-\x7e]+", url):
            raise UserError(
                _("This is no address of a chain's node."),
                _("Give one that begins with http:// or https://."),
                code="chain.url",
            )
        self._url = url
        port = "" if parts.port is None else f":{parts.port}"
        self.shown = f"{parts.scheme}://{parts.hostname}{port}"

    def ask(self, method: str, *parameters: Any) -> Any:
        """One call.

        Raises:
            Refused: the node answered with an error.
            UserError: it can't be reached, is silent, or answers with no JSON-RPC.
        """
        import httpx2

        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        answer = b""
        try:
            # No redirects: a signed transaction goes where it was told to go.
            with (
                httpx2.Client(timeout=httpx2.Timeout(SILENCE, connect=CONNECT), follow_redirects=False) as client,
                client.stream("POST", self._url, json=body) as response,
            ):
                status = response.status_code
                for piece in response.iter_bytes(1 << 16):
                    answer += piece
                    if len(answer) > MAX_ANSWER:
                        raise self._down(_("its answer is too long"))
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise self._down(type(error).__name__) from error
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or ("result" not in found and not isinstance(found.get("error"), dict)):
            raise self._down(f"HTTP {status}")
        if isinstance(found.get("error"), dict):
            raise _refused(found["error"])
        return found["result"]

    def number(self, method: str, *parameters: Any) -> int:
        """One call whose answer is a number; see ``ask``."""
        return self.quantity(self.ask(method, *parameters))

    def data(self, method: str, *parameters: Any) -> bytes:
        """One call whose answer is bytes; see ``ask``."""
        found = self.ask(method, *parameters)
        if not isinstance(found, str) or not _DATA.fullmatch(found.lower()):
            raise self._down(_("its answer makes no sense"))
        return bytes.fromhex(found[2:])

    def row(self, method: str, *parameters: Any) -> dict[str, Any] | None:
        """One call whose answer is an object, or None where there is no such thing; see ``ask``."""
        found = self.ask(method, *parameters)
        if found is not None and not isinstance(found, dict):
            raise self._down(_("its answer makes no sense"))
        return found

    def quantity(self, value: object) -> int:
        """A number out of an answer.

        Raises:
            UserError: it is none.
        """
        if not isinstance(value, str) or not _QUANTITY.fullmatch(value.lower()):
            raise self._down(_("its answer makes no sense"))
        return int(value, 16)

    def _down(self, why: str) -> UserError:
        return UserError(
            _("The chain's node at {url} gave no usable answer: {why}.", url=self.shown, why=why),
            _("Nothing is known about the chain now; check the address, or try again later."),
            code="chain.unreachable",
            status=424,
        )


def _refused(error: dict[str, Any]) -> Refused:
    data = error.get("data")
    if isinstance(data, dict):  # some nodes wrap it
        data = data.get("data", data.get("result"))
    fine = isinstance(data, str) and _DATA.fullmatch(data.lower()) is not None
    message = "".join(letter for letter in str(error.get("message", ""))[:300] if letter.isprintable())
    return Refused(message, bytes.fromhex(data[2:]) if fine and isinstance(data, str) else b"")
