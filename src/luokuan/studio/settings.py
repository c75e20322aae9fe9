"""How a studio is served: where, to whom, and what a request may cost."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from luokuan.store.home import Home

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, always on the list of allowed hosts."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is chosen at the start.

    Args:
        home: Whose works, keys and accounts.
        hosts: Names under which the studio may be asked, besides those of this machine, lower case.
        secure: Whether browsers reach it by TLS: cookies are then for TLS only.
        session_idle: A session that slept so long is over.
        session_life: A session is over then, whatever happens.
        link_life: How long a one-time link can be used.
        patience: Seconds to wait for another process that writes to the database.
        form_bytes: Largest body of a request, in bytes.
        upload_bytes: Largest body of a request that brings a file to be checked, in bytes.
        body_idle: Seconds within which some of a body must come.
        body_total: Seconds within which the whole of it must come.
        requests: Requests a second from one address, and ten times as many at once.
        checks: Files checked a minute for one address.
        checkers: Files that are checked at once.
        corpus_bytes: Largest archive of a corpus, and most bytes of what is unpacked from it; quotas and the disk may
            allow less.
        corpus_files: Most files of a corpus that is brought by browser.
        corpus_total: Seconds within which an archive must come that comes in one piece.
        reserve_bytes: Bytes of the disk that no upload takes.
        errands: Corpora that are unpacked or checked, and trainings that are planned, at once.
        proxies: Networks whose word on a request's origin is believed.
        workers: Processes that do jobs; 0: jobs are kept, and done by a studio that has some.
    """

    home: Home
    hosts: tuple[str, ...] = ()
    secure: bool = False
    session_idle: timedelta = timedelta(hours=12)
    session_life: timedelta = timedelta(days=14)
    link_life: timedelta = timedelta(hours=24)
    patience: float = 2.0
    form_bytes: int = 64 << 10
    upload_bytes: int = 64 << 20
    body_idle: float = 15.0
    body_total: float = 180.0
    requests: float = 200.0
    checks: float = 20.0
    checkers: int = 2
    corpus_bytes: int = 20 << 30
    corpus_files: int = 200_000
    corpus_total: float = 4 * 3600.0
    reserve_bytes: int = 512 << 20
    errands: int = 2
    workers: int = 1
    proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
