"""Texts by a model that somebody else serves: any server with OpenAI's API for chat or completions (vLLM, llama.cpp …).

``http://127.0.0.1:8000/v1#NAME`` names the model NAME there; without ``#NAME`` the server's first model. What such a
server computes can't be known: a recipe keeps its address and name, and the digest is that of these two.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _

if TYPE_CHECKING:
    import httpx2

    from luokuan.create.texts import Prompt
    from luokuan.models.plm.sampling import Manner

KEYS = ("LUOKUAN_SERVER_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold a key; the first that is set counts."""
CONNECT, SILENCE = 10.0, 300.0
"""Seconds until a server must have taken the call, and until its next piece must come."""
LONGEST = 4 << 20
"""Most characters of an answer, and bytes of an event."""
ENDED = {"stop": "end", "length": "length"}
"""The server's word for why a text ended, and ours."""


def is_server(reference: object) -> bool:
    """Whether ``reference`` is a server's address, not a model here."""
    return str(reference).startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Server:
    """A served model.

    Args:
        address: Such as ``http://127.0.0.1:8000/v1``.
        name: The model's name there.
        key: Sent as bearer token; empty: none. It is never shown.
    """

    address: str
    name: str
    key: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of address and name: nothing more is known of the model."""
        return sha256_bytes(f"{self.address}\n{self.name}".encode())

    @property
    def short_name(self) -> str:
        """The name without what no file name should hold."""
        return "".join(c if c.isalnum() or c in "._-" else "-" for c in self.name)[:64].strip(".-") or "model"

    def write(
        self, prompt: Prompt, manner: Manner, seed: int, on_text: Callable[[str], None] | None = None
    ) -> tuple[str, str]:
        """One text, and why it ended: ``end``, ``length``, or what the server says.

        Args:
            prompt: ``raw``: to go on with, by the API for completions; else a message to answer.
            manner: top_k, min_p and the repetition penalty are told only where they are not off: not all servers know
                them.
            seed: Told to the server, which may or may not give the same text for it.
            on_text: Called with each piece as it comes.

        Raises:
            UserError: the server can't be reached, refuses, or answers with something else.
        """
        body: dict[str, Any] = {
            "model": self.name,
            "temperature": manner.temperature,
            "top_p": manner.top_p,
            "max_tokens": manner.max_tokens,
            "seed": seed % 2**31,
            "stream": True,
        }
        off = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
        body |= {key: value for key, none in off.items() if (value := getattr(manner, key)) != none}
        body |= {"stop": list(manner.stop)} if manner.stop else {}
        if prompt.raw:
            path, body = "completions", {**body, "prompt": prompt.text}
        else:
            told = [{"role": "system", "content": prompt.system}] if prompt.system else []
            path = "chat/completions"
            body = {**body, "messages": [*told, {"role": "user", "content": prompt.text}]}
        pieces, ended, length = [], "end", 0
        with _call(self, "POST", path, body) as response:
            for event in _events(response, self.address):
                piece, why = _piece(event)
                length += len(piece)
                if length > LONGEST:
                    raise _strange(self.address, _("the answer doesn't end"))
                pieces.append(piece)
                ended = ended if why is None else ENDED.get(why, why[:40])
                if piece and on_text is not None:
                    on_text(piece)
        return "".join(pieces), ended


def find_server(reference: str) -> Server:
    """The server at an address with its model, asked for where none is named.

    Raises:
        UserError: it is no address, a key would cross the network in the clear, or see ``Server.write``.
    """
    address, _sign, name = reference.partition("#")
    try:
        parts = urlsplit(address)
        host, secret = parts.hostname or "", parts.password or parts.username
    except ValueError:
        host, secret = "", None
    if not host or secret:
        raise UserError(
            _("{url} is no address of a server.", url=address if not secret else "http://…"),
            _("Write http://HOST:PORT/v1#MODEL; a key comes from the environment variable {name}.", name=KEYS[0]),
            code="server.address",
        )
    key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "")
    if key and parts.scheme == "http" and not _is_local(host):
        raise UserError(
            _("The key in {name} would cross the network unencrypted to {host}.",
              name=next(name for name in KEYS if os.environ.get(name)), host=host),
            _("Use an https address, or unset the variable."),
            code="server.key",
        )  # fmt: skip
    server = Server(address.rstrip("/"), name, key)
    return server if name else Server(server.address, _first_model(server), key)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _first_model(server: Server) -> str:
    with _call(server, "GET", "models", None) as response:
        data = response.read()[:LONGEST]
    try:
        found = json.loads(data)["data"][0]["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        found = None
    if not isinstance(found, str) or not found:
        raise _strange(server.address, _("it names no model"))
    return found


@contextmanager
def _call(server: Server, method: str, path: str, body: dict[str, Any] | None) -> Iterator[httpx2.Response]:
    import httpx2

    headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
    timeout = httpx2.Timeout(SILENCE, connect=CONNECT)
    try:
        # No redirects: they could carry prompt and key to another place.
        with (
            httpx2.Client(timeout=timeout, headers=headers, follow_redirects=False) as client,
            client.stream(method, f"{server.address}/{path}", json=body) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                raise _refused(server.address, response.status_code, _reason(response))
            yield response
    except httpx2.TimeoutException as error:
        raise UserError(
            _("The server at {url} takes too long.", url=server.address), _("Try again later."), code="server.slow"
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        raise UserError(
            _("The server at {url} can't be reached: {why}.", url=server.address, why=str(error)[:200].rstrip(".")),
            _("Check the address, and that the server runs."),
            code="server.unreachable",
        ) from error


def _reason(response: httpx2.Response) -> str:
    try:
        found = json.loads(next(response.iter_bytes(1 << 16), b""))
        why = found.get("error", found) if isinstance(found, dict) else ""
        why = why.get("message", "") if isinstance(why, dict) else why
    except (ValueError, RecursionError):
        why = ""
    return "".join(c for c in str(why) if c.isprintable())[:200].rstrip(".")


def _refused(address: str, status: int, why: str) -> UserError:
    return UserError(
        _("The server at {url} refuses ({status}): {why}.", url=address, status=status, why=why or "-"),
        {
            401: _("Set {name} to a valid key.", name=KEYS[0]),
            403: _("Set {name} to a valid key.", name=KEYS[0]),
            404: _("Check the address and the model's name."),
            429: _("Try again later."),
        }.get(status, _("Ask whoever runs it, or choose other options.")),
        code="server.refused",
    )


def _strange(address: str, why: str) -> UserError:
    return UserError(
        _("The server at {url} answers strangely: {why}.", url=address, why=why),
        _("Give the address of an API like OpenAI's, such as http://127.0.0.1:8000/v1."),
        code="server.answer",
    )


def _events(response: httpx2.Response, address: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream of server-sent events (WHATWG HTML, section 9.2), up to ``[DONE]``."""
    import httpx2

    seen = False
    try:
        for event in httpx2.EventSource(response, max_event_size=LONGEST):
            if event.data == "[DONE]":
                return
            found = json.loads(event.data)
            if not isinstance(found, dict):
                raise _strange(address, _("an event is no object"))
            if "error" in found:
                raise _refused(address, response.status_code, str(found["error"])[:200])
            seen = True
            yield found
    except (httpx2.SSEError, ValueError, RecursionError) as error:
        raise _strange(address, str(error)[:100].rstrip(".")) from error
    if not seen:
        raise _strange(address, _("no events came"))


def _piece(event: dict[str, Any]) -> tuple[str, str | None]:
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
    why = choice.get("finish_reason")
    return text if isinstance(text, str) else "", why if isinstance(why, str) else None
