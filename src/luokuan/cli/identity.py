"""`luokuan identity`: with what the home signs, and how that is renewed, revoked and handed out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.identity import Identity, Shown

app = typer.Typer(
    name="identity",
    help=_("The certificate that signs your works: show, renew, revoke, use your own, hand out what verifiers need."),
    no_args_is_help=True,
)


@app.command(help=_("Show what signs: subject, serial number, validity, fingerprint, time-stamps, revocations."))
def show(json: options.Json = False, home: options.Home = None) -> None:
    """Print what the home signs with; makes nothing."""
    from luokuan.store.home import find_home
    from luokuan.store.identity import find_identity

    place = find_home(home)
    _print(None if place is None else find_identity(place), json=json)


@app.command(help=_("Sign with a new certificate from now on. Works that were signed before stay yours."))
def rotate(
    authority: Annotated[
        bool, typer.Option("--authority", help=_("Make a whole new authority: root, intermediate and certificate."))
    ] = False,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Renew the certificate, or the authority above it as well."""
    from luokuan.store import renewal
    from luokuan.store.home import open_home
    from luokuan.store.identity import find_identity

    place = open_home(home)
    if authority:
        renewal.rotate_authority(place)
    else:
        renewal.rotate(place)
    if authority and not json:
        say(_("Verifiers need the new root: luokuan identity export FOLDER"))
    _print(find_identity(place), json=json)


@app.command(help=_("Say that a certificate may no longer be relied upon. One that is in use is replaced at once."))
def revoke(
    serial: Annotated[str, typer.Argument(help=_("Serial number, as `identity show` prints it."), show_default=False)],
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help=_("keyCompromise when somebody else may have the key; superseded or cessationOfOperation when not."),
        ),
    ] = "unspecified",
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help=_("Since when it may not be relied upon (default: now)."),
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help=_("Since when the key may have been in other hands, as in 2026-11-27T08:00Z."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Revoke one certificate."""
    from luokuan.store import renewal
    from luokuan.store.home import open_home

    place = open_home(home)
    times = {name: _time(text) for name, text in (("at", at), ("since", since)) if text is not None}
    entry = renewal.revoke(place, serial, reason=reason, **times)
    if json:
        emit_json(entry.to_dict())
        return
    say(_("Revoked: {serial} ({reason}).", serial=f"{entry.serial:x}", reason=entry.reason))
    say(_("Give the new list to those who verify: luokuan identity export FOLDER"))


@app.command(help=_("Sign with your own certificate and key (PEM) from now on."))
def use(
    certificate: Annotated[Path, typer.Argument(metavar="CERT", help=_("Certificate, PEM."), show_default=False)],
    key: Annotated[
        Path, typer.Argument(help=_("Its private key, PEM, not encrypted, readable for you alone."), show_default=False)
    ],
    chain: Annotated[
        Path | None,
        typer.Option("--chain", help=_("The authorities above it, PEM, the issuer first."), show_default=False),
    ] = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Check certificate and key, sign something with them, and put them to use."""
    from luokuan.colophon.trial import try_signing
    from luokuan.store import renewal
    from luokuan.store.home import open_home
    from luokuan.store.identity import find_identity
    from luokuan.store.usercert import read_owned

    place = open_home(home)
    renewal.use(place, read_owned(certificate, key, chain), try_signing)
    _print(find_identity(place), json=json)


@app.command(help=_("Go back to the home's own certificate, and remove your key from the home."))
def forget(json: options.Json = False, home: options.Home = None) -> None:
    """Stop signing with the user's certificate."""
    from luokuan.store import renewal
    from luokuan.store.home import open_home
    from luokuan.store.identity import find_identity

    place = open_home(home)
    renewal.forget(place)
    _print(find_identity(place), json=json)


@app.command(help=_("Have each signature time-stamped by the authority at a URL (RFC 3161), or by none."))
def tsa(
    url: Annotated[
        str | None,
        typer.Argument(
            help=_("Address of the authority, or the word none; may be left out with --forget-root."),
            show_default=False,
        ),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option("--root", help=_("The authority's root certificate, PEM; asked for once."), show_default=False),
    ] = None,
    forget_root: Annotated[
        list[str] | None,
        typer.Option(
            "--forget-root",
            metavar="SHA256",
            help=_("Fingerprint of a root under which time-stamps count no longer, not even old ones."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Try the authority, and set it."""
    from luokuan.colophon.verification import certificates_in
    from luokuan.store.home import open_home
    from luokuan.store.identity import find_identity, set_stamps, stamp_roots_after
    from luokuan.store.places import read_places
    from luokuan.store.stamps import check_stamp, check_url, stamp

    place = open_home(home)
    places, gone = read_places(place), forget_root or ()
    if url is None and not gone:
        raise UserError(
            _("It isn't said which time-stamp authority is meant."),
            _("Give its address, or the word none."),
            code="identity.stamp_url",
        )
    wanted = places.stamp_url if url is None else "" if url == "none" else check_url(url)
    given = b"" if root is None else certificates_in(root)
    left = "".join(stamp_roots_after(places, given, gone)).encode("ascii")
    if wanted and left:
        trial = b"luokuan"
        check_stamp(stamp(trial, wanted), trial, left)
    set_stamps(place, wanted, given, forget=gone)
    if json:
        emit_json({"stamp_url": wanted or None})
        return
    found = find_identity(place)
    if gone:
        say(_("Time-stamps under that root count no longer, those of earlier works included."))
    if url is None:
        pass
    elif not wanted:
        say(_("Works are no longer time-stamped: they stop verifying when the certificate expires."))
    else:
        say(_("Each signature is time-stamped by {url} from now on.", url=wanted))
        say(_("New certificates live for a year now: luokuan identity rotate"))
    if found is not None:
        _print(found, json=False)


@app.command(help=_("Write what verifiers need to a folder: root.pem, chain.pem, crl.pem. Nothing in it is secret."))
def export(
    folder: Annotated[Path, typer.Argument(help=_("A folder; made if absent."), show_default=False)],
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Hand out the public part of the identity."""
    from luokuan.store import identity
    from luokuan.store.home import open_home

    paths = identity.export(open_home(home), folder)
    if json:
        emit_json({name: str(path) for name, path in paths.items()})
        return
    for path in paths.values():
        say(str(visible(path)))
    stamps = " --trust-time stamp-root.pem" if "stamp_root" in paths else ""
    say(_("Verifiers run: {command}", command=f"luokuan verify FILE --trust root.pem --crl crl.pem{stamps}"))


def _print(found: Identity | None, *, json: bool) -> None:
    if json:
        emit_json({"identity": None if found is None else _values(found)})
    elif found is None:
        say(_("This home has no identity yet; it is made with the first work."))
    else:
        for label, text in _lines(found):
            say(f"{label}: {text}")


def _values(found: Identity) -> dict[str, Any]:
    return {
        "kind": found.kind,
        **_certificate(found.leaf),
        "days_left": (found.leaf.not_after - datetime.now(UTC)).days,
        "above": [_certificate(one) for one in found.above],
        "earlier": [_certificate(one) for one in found.earlier],
        "stamp_url": found.stamp_url or None,
        "stamp_roots": [_certificate(one) for one in found.stamp_roots],
        "revoked": [entry.to_dict() for entry in found.revoked],
    }


def _certificate(one: Shown) -> dict[str, str]:
    return {
        "subject": one.subject,
        "issuer": one.issuer,
        "serial": one.serial,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "fingerprint": one.fingerprint,
    }


def _lines(found: Identity) -> list[tuple[str, str]]:
    leaf = found.leaf
    whose = _("your own certificate") if found.kind == "user" else _("a certificate of this home's own authority")
    lines = [
        (_("Signs with"), whose),
        (_("Subject"), visible(leaf.subject)),
        (_("Serial number"), leaf.serial),
        (_("Valid until"), leaf.not_after.isoformat()),
        (_("Fingerprint"), _("SHA-256 {digest}", digest=leaf.fingerprint)),
        (_("Time-stamps"), found.stamp_url or _("none")),
    ]
    for one in found.stamp_roots:
        about = _("{subject}, SHA-256 {digest}", subject=visible(one.subject), digest=one.fingerprint)
        lines.append((_("Time-stamps count under"), about))
    for one in found.above:
        lines.append((_("Under"), _certified(one)))
    for one in found.earlier:
        lines.append((_("Earlier"), _certified(one)))
    for entry in found.revoked:
        lines.append((_("Revoked"), f"{entry.serial:x}, {entry.reason}, {entry.at.isoformat()}"))
    return lines


def _certified(one: Shown) -> str:
    return _(
        "{subject}, serial number {serial}, until {day}",
        subject=visible(one.subject),
        serial=one.serial,
        day=one.not_after.date(),
    )


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            _("'{text}' is no time.", text=text), _("Write it as in 2026-11-27T08:00Z."), code="identity.time"
        ) from error
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
