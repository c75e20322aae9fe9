"""`luokuan doctor --studio`: whether a studio would start here and do its work, part by part."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from luokuan.cli.output import emit_json, say
from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.serving import Place

LOW_DISK = 2 << 30
"""Bytes below which a disk is called full."""
SOON = timedelta(days=30)
"""A TLS certificate that ends within this time is spoken of."""
START = 120.0
"""Seconds within which a worker must have started."""
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows less

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One part. ``name``: for programs; ``do``: empty where nothing need be done."""

    name: str
    state: State
    what: str
    do: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "state": self.state, "what": self.what, "do": self.do}


@dataclass(slots=True)
class _Look:
    """What is looked at."""

    home: Home
    place: Place
    schema: str | None = field(default=None)


def examine(home: Home, place: Place, *, workers: bool = True) -> list[Checked]:
    """Look at each part; nothing is changed, and no part keeps another one from being looked at.

    Args:
        home: The home that would be served.
        place: Where it would be served.
        workers: Whether to start a worker for a moment, in a home of its own.
    """
    look = _Look(home, place)
    ways: list[tuple[str, Callable[[_Look], Iterator[Checked]]]] = [
        ("extras", _extras), ("listen", _listen), ("tls", _tls), ("home", _home), ("disk", _disk),
        ("database", _database), ("blobs", _blobs), ("clock", _clock), ("keys", _keys), ("models", _models),
    ]  # fmt: skip
    if workers:
        ways.append(("workers", _workers))
    found: list[Checked] = []
    for name, way in ways:
        try:
            found += way(look)
        except UserError as error:
            found.append(Checked(name, "bad", error.what, error.do))
        except Exception as error:
            what = _("This can't be looked at: {reason}.", reason=f"{type(error).__name__}: {error}"[:200])
            found.append(Checked(name, "bad", what, _("See what the message says.")))
    return found


def tell(found: Sequence[Checked], *, json: bool, quiet: bool) -> int:
    """Print what was found. Returns the exit code: 0 where a studio can be served."""
    bad = any(one.state == "bad" for one in found)
    if json:
        emit_json({"ready": not bad, "checks": [one.to_json() for one in found]})
    else:
        signs = {"ok": "✓", "warn": "!", "bad": "✗"}
        for one in found:
            say(f"{signs[one.state]} {one.what} {one.do}".rstrip(), quiet=quiet and one.state == "ok")
        say(_("A studio can't be served like this.") if bad else _("A studio can be served."), quiet=quiet and not bad)
    return ExitCode.NOT_SO if bad else ExitCode.DONE


def _extras(_look: _Look) -> Iterator[Checked]:
    from luokuan.cli.studio import NEEDED
    from luokuan.store.home import ELSEWHERE

    wanted: dict[str, tuple[str, ...]] = {"studio": NEEDED}
    if os.environ.get(ELSEWHERE, "").startswith("postgresql"):
        wanted["postgres"] = ("psycopg",)
    for extra, modules in wanted.items():
        absent = [name for name in modules if find_spec(name) is None]
        if absent:
            what = _("Packages are missing: {names}.", names=", ".join(absent))
            yield Checked("extras", "bad", what, _("Install them with: pip install 'luokuan[{extra}]'", extra=extra))
        else:
            yield Checked("extras", "ok", _("The packages of luokuan[{extra}] are there.", extra=extra))


def _listen(look: _Look) -> Iterator[Checked]:
    from luokuan.studio.serving import listening

    place = look.place
    listening(place).close()
    yield Checked("listen", "ok", _("Port {port} at {host} is free.", port=place.port, host=place.host))


def _tls(look: _Look) -> Iterator[Checked]:
    from cryptography import x509

    from luokuan.studio.serving import check_place
    from luokuan.studio.settings import is_loopback

    place = look.place
    check_place(place)
    if place.cert is None:
        what = (
            _("Only this machine reaches the studio; TLS isn't needed.")
            if is_loopback(place.host)
            else _("Other machines come without TLS: what stands before the studio must speak it.")
        )
        yield Checked("tls", "ok" if is_loopback(place.host) else "warn", what)
        return
    leaf = x509.load_pem_x509_certificates(place.cert.read_bytes())[0]
    left = leaf.not_valid_after_utc - datetime.now(UTC)
    day = leaf.not_valid_after_utc.date()
    if left <= timedelta(0):
        yield Checked("tls", "bad", _("The TLS certificate expired on {day}.", day=day), _("Get a new one."))
    elif left < SOON:
        yield Checked("tls", "warn", _("The TLS certificate expires on {day}.", day=day), _("Get a new one in time."))
    else:
        yield Checked("tls", "ok", _("The TLS certificate is valid until {day}.", day=day))
    assert place.key is not None
    if os.name == "posix" and place.key.stat().st_mode & 0o077:
        what = _("Other users of this machine can read the TLS key {path}.", path=place.key)
        yield Checked("tls", "warn", what, _("Run chmod 600 on it."))


def _home(look: _Look) -> Iterator[Checked]:
    place = look.home.path
    if not os.access(place, os.W_OK | os.X_OK):
        yield Checked(
            "home", "bad", _("You may not write to the home {path}.", path=place),
            _("Take ownership of it, or choose another with --home or LUOKUAN_HOME."),
        )  # fmt: skip
        return
    for path in (place, place / "keys"):
        mode = stat.S_IMODE(path.stat().st_mode) if path.is_dir() else 0
        if os.name == "posix" and mode & 0o077:
            what = _("Others than the owner may use {path} (mode {mode:03o}).", path=path, mode=mode)
            yield Checked("home", "bad", what, _("Run chmod 700 on it: it holds your signing keys."))
            return
    yield Checked("home", "ok", _("The home {path} is yours alone.", path=place))


def _disk(look: _Look) -> Iterator[Checked]:
    for path in dict.fromkeys((str(look.home.path), tempfile.gettempdir())):
        free = shutil.disk_usage(path).free
        text = _("{free:.1f} GiB are free at {path}.", free=free / 2**30, path=path)
        if free < LOW_DISK:
            yield Checked("disk", "warn", text, _("Free some: uploads and works need room."))
        else:
            yield Checked("disk", "ok", text)


def _database(look: _Look) -> Iterator[Checked]:
    import sqlalchemy as sa

    from luokuan.store.database import HEAD, empty_database, revision

    if not look.home.has_database:
        yield Checked("database", "ok", _("There is no database yet; the first start makes it."))
        return
    with empty_database(look.home) as database:
        try:
            with database.read() as connection:
                schema = revision(connection)
                sound = "ok"
                if connection.dialect.name == "sqlite":
                    sound = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        except (sa.exc.DBAPIError, UserError) as error:
            reason = error.what if isinstance(error, UserError) else str(error.orig).strip().split("\n")[0][:200]
            yield Checked(
                "database", "bad", _("The database can't be used: {reason}", reason=reason),
                _("See that it runs and may be reached, or restore it from a backup."),
            )  # fmt: skip
            return
    if sound != "ok":
        what = _("The database is damaged: {reason}", reason=sound[:200])
        yield Checked("database", "bad", what, _("Restore it from a backup."))
    elif schema is not None and schema > HEAD:
        what = _("The home's database was made by a newer version of Luokuan.")
        yield Checked("database", "bad", what, _("Update Luokuan, or choose another home."))
    elif schema != HEAD:
        what = _("The database is of an earlier version; the next start brings it up to date.")
        yield Checked("database", "warn", what, _("Make a backup first: luokuan backup OUT.tar"))
    else:
        look.schema = schema
        yield Checked("database", "ok", _("The database answers and is up to date ({schema}).", schema=schema))


def _clock(look: _Look) -> Iterator[Checked]:
    import sqlalchemy as sa

    from luokuan.store.clock import DatabaseTime
    from luokuan.store.database import open_database
    from luokuan.store.tables import log_entry

    now = datetime.now(UTC)
    if now < _BUILT:
        yield Checked("clock", "bad", _("This machine's clock says {time}.", time=f"{now:%F %T}"), _("Set it."))
        return
    if look.schema is not None:
        with open_database(look.home) as database, database.read() as connection:
            there = connection.execute(sa.select(DatabaseTime())).scalar_one()
            last = connection.execute(sa.select(sa.func.max(log_entry.c.made_at))).scalar()
        there = datetime.fromisoformat(there).replace(tzinfo=UTC) if isinstance(there, str) else there
        apart = abs((there - datetime.now(UTC)).total_seconds())
        if apart > 5:
            what = _("The database's clock and this machine's are {seconds:.0f} seconds apart.", seconds=apart)
            yield Checked("clock", "bad", what, _("Let both keep time by the network (NTP)."))
            return
        if last is not None and last > now + timedelta(minutes=1):
            what = _("The log's last entry is of {time}, which is still to come.", time=f"{last:%F %T}")
            yield Checked("clock", "bad", what, _("Set this machine's clock: it went back."))
            return
    yield Checked("clock", "ok", _("The clock says {time} UTC.", time=f"{now:%F %T}"))


def _keys(look: _Look) -> Iterator[Checked]:
    from luokuan.store.identity import find_identity
    from luokuan.store.keys import about_end
    from luokuan.store.missing import missing_keys

    if look.schema is not None and (gone := missing_keys(look.home)):
        what = _("This home has works, but lacks keys: {names}.", names=", ".join(gone))
        yield Checked("keys", "bad", what, _("Put the folder of the keys back from a backup before anything is made."))
        return
    found = find_identity(look.home)
    if found is None:
        yield Checked("keys", "ok", _("There are no keys yet; the first work makes them."))
        return
    said = about_end(found.leaf.not_after, user=found.kind == "user")
    if said is not None:
        expired = found.leaf.not_after <= datetime.now(UTC)
        yield Checked("keys", "bad" if expired else "warn", *said)
    else:
        day = found.leaf.not_after.date()
        yield Checked("keys", "ok", _("The signing certificate is valid until {day}.", day=day))


def _models(look: _Look) -> Iterator[Checked]:
    from luokuan.foundation.modelfolder import list_models, starters

    unreadable: list[UserError] = []
    there = list_models(look.home, unreadable=unreadable)
    for error in unreadable:
        yield Checked("models", "warn", error.what, error.do)
    if not starters():
        what = _("The models that come with Luokuan are missing.")
        yield Checked("models", "warn", what, _("Install Luokuan anew, or train models of your own."))
    else:
        yield Checked("models", "ok", _("{count} models can be used.", count=len(there)))


def _workers(_look: _Look) -> Iterator[Checked]:
    from luokuan.store.home import ELSEWHERE
    from luokuan.studio.jobs.worker import LEFT, SETTINGS, Settings

    with tempfile.TemporaryDirectory(prefix="luokuan-doctor-") as folder:
        environment = {name: value for name, value in os.environ.items() if name != ELSEWHERE}
        environment |= {"LUOKUAN_HOME": folder, SETTINGS: Settings(idle=0).to_json()}
        command = [sys.executable, "-P", "-m", "luokuan.studio.jobs.worker"]
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                command, env=environment, stdin=subprocess.PIPE, capture_output=True, timeout=START, check=False
            )
        except subprocess.TimeoutExpired:
            what = _("A worker didn't start within {seconds:.0f} seconds.", seconds=START)
            yield Checked("workers", "bad", what, _("Close other programs and try again."))
            return
    if done.returncode in (0, LEFT):
        yield Checked("workers", "ok", _("Workers can start."))
    else:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["?"])[-1][:200]
        yield Checked("workers", "bad", _("A worker can't start: {reason}", reason=last), _("Install Luokuan anew."))


def _blobs(look: _Look) -> Iterator[Checked]:
    from luokuan.store.blobs import Blobs
    from luokuan.store.bucket import VARIABLE

    if os.environ.get(VARIABLE) and Blobs(look.home).elsewhere:
        yield Checked("blobs", "ok", _("The place of the works, which {variable} names, answers.", variable=VARIABLE))
