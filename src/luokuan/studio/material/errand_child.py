"""The process that does one errand for the studio: the libraries that this takes stay out of the server.

One JSON object comes on standard input; lines of JSON go to standard output: how far it is, and the answer at the end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from luokuan.errors import UserError
from luokuan.i18n import _, speaking
from luokuan.store.home import Home

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from luokuan.store.database import Database

MEMORY = 3 << 30
"""Bytes of addresses for unpacking: the list of a hostile archive's names fits into them or ends the process."""
LIBRARIES = 16 << 30
"""Bytes of addresses for loading a model, besides four times its size: PyTorch reserves many that it never uses."""
APPRAISING = 6 << 30
"""Bytes of addresses for appraising: most paths, gates and events of a project come to less than half."""
SECONDS = 1800
"""Of computing."""
EVERY = 0.3
"""Seconds between two words about how far it is."""


class Line:
    """What the server hears: one JSON object a line."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._said = out, 0.0

    def say(self, text: str) -> None:
        """Say one line."""
        self._out.write(text + "\n")
        self._out.flush()

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, unless that was said a moment ago."""
        if time.monotonic() - self._said > EVERY:
            self._said = time.monotonic()
            self.say(json.dumps({"progress": [done, total]}))

    def is_heard(self) -> bool:
        """Whether the server that asked still listens. It may have been killed before this process began to read."""
        return not self._hung_up().poll(0)

    def leave_when_nobody_listens(self) -> None:
        """End this process then."""
        self._hung_up().poll()
        os._exit(1)

    def _hung_up(self) -> select.poll:
        found = select.poll()
        found.register(self._out, 0)  # that nobody reads any more is told unasked
        return found


def main() -> None:
    """Do it."""
    asked = json.load(sys.stdin)
    # Only the answer may go there, whatever a library prints.
    line = Line(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if asked["what"] in ("appraise", "portfolio"):
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (APPRAISING if hard < 0 else min(APPRAISING, hard), hard))
    threading.Thread(target=line.leave_when_nobody_listens, daemon=True).start()
    with speaking(asked["language"]):
        try:
            answer: dict[str, Any] = {"answer": _DO[asked["what"]](asked, Home(Path(asked["home"])), line)}
        except UserError as error:
            answer = {"error": [error.what, error.do, error.code, error.status]}
    # Texts of errors name folders of this machine, which is nobody's business in a browser.
    text = json.dumps(answer, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()
    for place in (asked.get("path"), asked.get("target"), *asked.get("corpora", ())):
        if place:
            text = text.replace(json.dumps(place, ensure_ascii=False)[1:-1], asked.get("name") or Path(place).name)
    line.say(text)


def _unpack(asked: Mapping[str, Any], _home: Home, line: Line) -> dict[str, Any]:
    import shutil

    from luokuan.foundation.weightshards import INDEX
    from luokuan.studio.material.modelarchives import model_files, take_model
    from luokuan.studio.material.receiving import no_disk
    from luokuan.studio.material.unpacking import corpus_files, unpack

    is_model = asked.get("kind") == "model"
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard if is_model else MEMORY))
    target, archive = Path(asked["target"]), Path(asked["path"])
    # Held until this process ends: where the server was killed, the one that it had begun may still be writing.
    held = archive.open("rb")
    fcntl.flock(held, fcntl.LOCK_EX)
    if not line.is_heard():
        os._exit(1)  # the next server's process may have been here meanwhile, and what lies there is that one's
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700, parents=True)
    try:
        done = unpack(
            archive, target, most_bytes=asked["most_bytes"], most_files=asked["most_files"],
            pick=model_files if is_model else corpus_files, progress=line.progress,
        )  # fmt: skip
        if is_model:
            if (target / INDEX).is_file() and 2 * done.size > asked["disk_bytes"]:
                raise no_disk()  # its weights become one file beside those that came
            # Its weights are read once more than they are large while they are checked; the libraries take the rest.
            most = LIBRARIES + 4 * done.size
            resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
            take_model(target, asked["licence"])
        os.sync()
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return {"files": done.files, "size": done.size, "left_out": done.left_out}


def _report(asked: Mapping[str, Any], _home: Home, _line: Line) -> dict[str, Any]:
    from luokuan.files import write_atomic
    from luokuan.studio.material.reports import report, sheet

    found = report(Path(asked["path"]))
    picture = sheet(found.pop("shown"))
    if picture is not None:
        write_atomic(Path(asked["sheet"]), picture, mode=0o600)
    found["sheet"] = picture is not None
    write_atomic(Path(asked["keep"]), json.dumps(found, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    return {}


def _plan(asked: Mapping[str, Any], home: Home, _line: Line) -> dict[str, Any]:
    from luokuan.studio.training.planning import plan

    return plan(asked["family"], [Path(place) for place in asked["corpora"]], asked["choices"], home)


def _publish(asked: Mapping[str, Any], home: Home, _line: Line) -> dict[str, Any]:
    """What becomes of it is kept, too: the server may be another one by then."""
    from luokuan.store.database import open_database
    from luokuan.store.offer_checks import end_check

    # One that was asked for anew by another process publishes nothing any more.
    mine = (asked["person"], asked.get("check", ""), asked.get("run", ""))

    def kept(connection: Connection, listing_id: str) -> None:
        if mine[1] and not end_check(connection, *mine, listing_id=listing_id):
            raise UserError(_("It is being checked anew."), _("Wait for that."), code="check.anew", status=409)

    with open_database(home) as database:
        try:
            return {"listing": _published(asked, home, database, kept)}
        except UserError as error:
            # Where this fails as well, it counts as broken off, which says the same: nothing was published.
            with contextlib.suppress(UserError), database.write() as connection:
                end_check(connection, *mine, error=error)
            raise


def _published(
    asked: Mapping[str, Any], home: Home, database: Database, kept: Callable[[Connection, str], None]
) -> str:  # fmt: skip
    from luokuan.rights.market.listings import Offer, publish
    from luokuan.rights.terms import Terms
    from luokuan.store.accounts import find_account

    told = dict(asked["offer"])
    works, met = (tuple(told.pop(name)) for name in ("works", "met"))
    offer = Offer(works=works, met=met, terms=Terms.from_json(told.pop("terms")), **told)
    with database.read() as connection:
        person = find_account(connection, asked["person"])
    if person is None or not person.may("maker"):  # it may have waited for its turn
        raise UserError(
            _("You may not do this."), _("Ask an administrator of this studio."), code="access.forbidden", status=403
        )
    return publish(offer, home, person=person, shared=database, at_commit=kept).id


def _appraise(asked: Mapping[str, Any], home: Home, _line: Line) -> dict[str, Any]:
    from base64 import b64encode

    from luokuan.appraisal.appraise import parse_project
    from luokuan.appraisal.books import parse_books, with_books
    from luokuan.appraisal.prices import parse_prices
    from luokuan.appraisal.recorded import appraise_recorded

    prices = parse_prices(asked["prices"]) if asked["prices"] else None
    chosen = {"paths": asked["paths"], "seed": asked["seed"], "owner": asked["owner"], "prices": prices}
    project, said = parse_project(asked["text"]), _("The receipts")
    if asked["receipts"]:
        project = with_books(project, parse_books(asked["receipts"], said), said)
    found = appraise_recorded(project, home, **chosen)
    if asked["form"] == "json":
        return {"appraisal": found.to_json()}
    from luokuan.appraisal.report import document_of
    from luokuan.appraisal.rules import read_rules

    document = document_of(found, read_rules())
    if asked["form"] == "pdf":
        from luokuan.appraisal.pdf import to_pdf

        return {"appraisal": b64encode(to_pdf(document)).decode()}
    from luokuan.appraisal.page import to_html

    return {"appraisal": to_html(document)}


def _portfolio(asked: Mapping[str, Any], _home: Home, _line: Line) -> dict[str, Any]:
    from luokuan.appraisal.appraise import ADVICE, parse_project
    from luokuan.appraisal.portfolio import directions, optimise, returns_of, shares_of

    projects = [parse_project(text) for text in asked["texts"]]
    groups = directions(projects, shares_of(asked["directions"]))
    returns = returns_of(projects, paths=asked["paths"], seed=asked["seed"])
    shares = {name: asked[name] / 100 for name in ("level", "most")}
    names = [project.name for project in projects]
    found = optimise(names, returns, limit=asked["cvar"] / 100, groups=groups, **shares)
    return {"portfolio": {"advice": list(ADVICE), **found.to_json(), "paths": asked["paths"], "seed": asked["seed"]}}


_DO = {
    "unpack": _unpack,
    "report": _report,
    "plan": _plan,
    "publish": _publish,
    "appraise": _appraise,
    "portfolio": _portfolio,
}

if __name__ == "__main__":
    main()
