"""`luokuan studio`: serve the studio in the browser; make keys and links for it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.accounts import AccountRow
    from luokuan.store.database import Database

app = typer.Typer(
    help=_("Serve the studio: accounts, library, check and log in the browser, and an interface for programs.")
)

NEEDED = ("fastapi", "uvicorn", "multipart", "argon2", "prometheus_client")

Name = Annotated[str, typer.Option("--name", help=_("What the key is for."), show_default=False)]
User = Annotated[
    str | None, typer.Option("--user", help=_("Whose (default: the first administrator)."), show_default=False)
]


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help=_("Address to listen at."))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=_("Port to listen at; 0: any."))] = 8790,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help=_("Certificate chain for TLS, PEM."), show_default=False)
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help=_("Its key, PEM."), show_default=False)] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help=_("A name under which browsers reach it; may be repeated."),
            show_default=False,
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help=_("Let other machines come without TLS (something else speaks it)."))
    ] = False,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--proxy", metavar="ADDRESS",
            help=_("Address or network of a proxy, whose X-Forwarded-For is believed; may be repeated."),
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help=_("Processes that do jobs; 0: jobs wait."))
    ] = 1,
    json: options.Json = False,
    home: options.Home = None,
) -> None:  # fmt: skip
    """Serve until stopped; commands of the group do something else."""
    if context.invoked_subcommand is not None:
        return
    need_studio()
    from luokuan import logs
    from luokuan.store.home import open_home
    from luokuan.studio.serving import Place, serve

    logs.configure(level="info")

    def tell(address: str, link: str | None) -> None:
        if json:
            emit_json({"address": address, "link": link})
        else:
            say(_("The studio is at {address} (stop it with Ctrl-C).", address=address))
            if link is not None:
                say(_("Set the administrator's password there, once, within a day: {link}", link=link))
        flush()

    place = Place(host, port, tls_cert, tls_key, tuple(allow_host or ()), insecure, tuple(proxy or ()))
    serve(place, open_home(home), tell, workers=workers)


@app.command("key", help=_("Make an API key for programs. It is printed once, and kept only as a digest."))
def key(
    name: Name,
    role: Annotated[str, typer.Option("--role", help=_("What it may do: viewer, maker or admin."))] = "maker",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help=_("What it is for; may be repeated (default: all that the role may)."),
                     show_default=False),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help=_("It expires then."), show_default=False)
    ] = None,
    user: User = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:  # fmt: skip
    """Make a key."""
    need_studio()
    from datetime import UTC, datetime

    from luokuan.store.account_tables import ROLES
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.studio import people
    from luokuan.studio.access import ASKED_FOR, SCOPES

    people.checked_role(role)
    usual = (one for one in SCOPES if one not in ASKED_FOR)
    wanted = scope or [one for one in usual if ROLES.index(role) >= ROLES.index(SCOPES[one])]
    if unknown := [one for one in wanted if one not in SCOPES]:
        raise UserError(
            _("'{scope}' is nothing that a key can be for.", scope=unknown[0][:40]),
            _("Take some of: {scopes}.", scopes=", ".join(SCOPES)),
            code="key.scope",
        )
    with open_database(open_home(home)) as opened:
        row, text = people.make_key(
            opened, _account(opened, user), name, datetime.now(UTC), role=role, scopes=wanted, days=days,
            address=people.COMMAND,
        )  # fmt: skip
    if json:
        emit_json({"key": text, "id": row.id, "name": row.name, "role": row.role, "scopes": list(row.scopes)})
    else:
        say(text)


@app.command("link", help=_("Make a one-time link with which somebody sets a new password."))
def link(
    user: User = None,
    address: Annotated[
        str, typer.Option("--address", help=_("Address of the studio, for the link."))
    ] = "http://127.0.0.1:8790",
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Make a link."""
    need_studio()
    from datetime import UTC, datetime

    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.studio import people
    from luokuan.studio.settings import Settings

    place = open_home(home)
    with open_database(place) as opened:
        row, life = _account(opened, user), Settings(place).link_life
        with opened.write() as connection:
            token = people.give_link(connection, row, datetime.now(UTC), life, by=None, address=people.COMMAND)
    text = f"{address.rstrip('/')}/welcome/{token}"
    if json:
        emit_json({"link": text, "name": row.name})
    else:
        say(text)


def need_studio() -> None:
    """Refuse where the studio's packages aren't installed.

    Raises:
        UserError: one of them is missing.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise UserError(
            _("The studio's packages aren't installed."),
            _("Install them with: pip install 'luokuan[studio]'"),
            code="studio.missing",
        )


def _account(database: Database, user: str | None) -> AccountRow:
    from datetime import UTC, datetime

    from luokuan.store.accounts import account_name, find_by_name
    from luokuan.studio import people

    if user is None:
        return people.first_administrator(database, datetime.now(UTC))
    with database.read() as connection:
        found = find_by_name(connection, account_name(user))
    if found is None or not found.active:
        raise UserError(
            _("There is no account '{name}'.", name=user[:60]),
            _("Give the name of one; administrators see all of them in the settings."),
            code="account.missing",
            status=404,
        )
    return found


def flush() -> None:
    """Let whoever reads our output through a pipe have it now."""
    import sys

    sys.stdout.flush()
