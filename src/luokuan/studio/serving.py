"""Serving a studio: the socket, the names, the link for the first administrator, and the server itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.home import Home
from luokuan.studio.settings import Settings, is_loopback

PORT = 8790
DRAIN = 10
"""Seconds that running requests are given when the server is stopped."""
IDLE = 15
"""Seconds after which an idle connection is closed. Clients give theirs up sooner, and don't send a request just when
it is closed; and idle ones don't fill the server."""
ARENAS = 2
"""Heaps of glibc's allocator for all threads. Its own choice is eight a core, and what was freed in one isn't used in
another: forty threads then keep what each of them needed once."""
_M_ARENA_MAX = -8  # malloc.h of glibc


@dataclass(frozen=True, slots=True)
class Place:
    """Where a studio listens. ``cert`` and ``key``: PEM files for TLS; ``insecure``: others may come without;
    ``proxies``: addresses of what stands before it."""

    host: str = "127.0.0.1"
    port: int = PORT
    cert: Path | None = None
    key: Path | None = None
    hosts: Sequence[str] = ()
    insecure: bool = False
    proxies: Sequence[str] = ()

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.cert is not None

    def address(self, port: int) -> str:
        """What people type into their browser."""
        name = self.hosts[0] if self.hosts else "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        shown = f"[{name}]" if ":" in name else name
        return f"{'https' if self.tls else 'http'}://{shown}:{port}"


def check_place(place: Place) -> None:
    """Refuse a place that would lay passwords open.

    Raises:
        UserError: another machine could come without TLS and nobody said so; a certificate is missing or won't do.
    """
    if (place.cert is None) != (place.key is None):
        raise UserError(
            _("TLS takes a certificate and its key."), _("Give both --tls-cert and --tls-key."), code="studio.tls"
        )
    if not place.tls and not place.insecure and not is_loopback(place.host):
        raise UserError(
            _("At {host} other machines reach the studio, and without TLS passwords are open to all between.",
              host=place.host),
            _("Give --tls-cert and --tls-key, or say --insecure if something in front of it speaks TLS."),
            code="studio.insecure",
        )  # fmt: skip
    if place.cert is not None and place.key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(place.cert, place.key)
        except (OSError, ssl.SSLError) as error:
            raise UserError(
                _("{path} can't be used as a certificate: {reason}.", path=place.cert, reason=error),
                _("Give a certificate chain and its key, both in PEM form."),
                code="studio.tls",
            ) from error


def listening(place: Place) -> socket.socket:
    """The socket, bound: so that a port that is taken is told before anything is written.

    Raises:
        UserError: the port is taken, or there is no such address here.
    """
    try:
        family, kind, proto, _name, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, proto)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(512)  # who comes before the server is ready waits, and is served
    except OSError as error:
        raise UserError(
            _("The studio can't listen at {host}, port {port}: {reason}.", host=place.host, port=place.port,
              reason=error.strerror or error),
            _("Choose another --port or --host."),
            code="studio.port",
        ) from error  # fmt: skip
    return found


def serve(place: Place, home: Home, tell: Callable[[str, str | None], None], *, workers: int = 1) -> None:
    """Serve until the process is told to stop.

    Args:
        place: Where.
        home: Whose works.
        tell: Called with the address of the studio, and the first administrator's link or None, once it listens.
        workers: Processes that do jobs.

    Raises:
        UserError: see ``check_place``, ``listening`` and ``open_database``.
    """
    import uvicorn

    from luokuan.store.database import open_database
    from luokuan.studio import people
    from luokuan.studio.app import create_app
    from luokuan.studio.guard.proxies import parse_proxies
    from luokuan.studio.guard.slowness import Prompt

    check_place(place)
    _share_heaps()
    settings = Settings(
        home,
        hosts=(*place.hosts, *_own_name(place)),
        secure=place.tls,
        workers=workers,
        proxies=parse_proxies(place.proxies),
    )
    with (
        contextlib.closing(listening(place)) as bound,
        open_database(home, patience=settings.patience) as database,
    ):
        token = people.first_link(database, datetime.now(UTC), settings.link_life)
        address = place.address(bound.getsockname()[1])
        tell(address, None if token is None else f"{address}/welcome/{token}")
        app = create_app(settings, database)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Prompt,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ssl_certfile=place.cert,
            ssl_keyfile=place.key,
            timeout_graceful_shutdown=DRAIN,
            timeout_keep_alive=IDLE,
            h11_max_incomplete_event_size=32 << 10,
            limit_concurrency=400,
        )
        server = uvicorn.Server(config)
        app.state.studio.streams.stopping = lambda: server.should_exit
        # What is loaded by now stays until the end: the collector needn't walk over it while people wait.
        gc.collect()
        gc.freeze()
        server.run(sockets=[bound])


def _share_heaps() -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def _own_name(place: Place) -> tuple[str, ...]:
    return () if place.host in ("0.0.0.0", "::") else (place.host,)  # noqa: S104 - a comparison
