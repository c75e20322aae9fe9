"""Projects on the value chain as the studio keeps them: the text of a project file, read by the reader of such files;
for pages and programs alike."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _, language
from luokuan.store import projects
from luokuan.store.accounts import find_account
from luokuan.store.project_tables import LAYERS, STAGES
from luokuan.store.projects import ProjectHead, ProjectRow, ProjectText
from luokuan.studio import pricing
from luokuan.studio.access import forbidden, principal
from luokuan.studio.errors import missing
from luokuan.studio.guard import tokens
from luokuan.studio.state import now, studio_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from luokuan.studio.material.errands import Answer

LONGEST = 50_000
"""Characters of a project."""
MOST_RECEIPTS = 50_000
"""Characters of receipts, some thousand of them."""
BODY = 512 << 10
"""Bytes of a request with one: a form writes nine for a Chinese letter."""
PATHS = 100_000
"""Paths that are drawn, at most and where nobody says how many."""
PATIENCE = 40.0
"""Seconds that an answer waits for an appraisal; it goes on after that, and whoever comes again finds it."""
AT_ONCE = 3
"""Appraisals of one person that are under way, and answers that wait for them: each keeps a thread of the server."""
_waiting: Counter[str] = Counter()
_counting = threading.Lock()
Form = Literal["json", "html", "pdf"]


def checked(text: str) -> ProjectText:
    """A text that is a project.

    Raises:
        UserError: it is none; the line and the field are named.
    """
    from luokuan.appraisal.appraise import parse_project  # it loads NumPy, which a server that idles does without

    if len(text) > LONGEST:
        raise UserError(
            _("A project has at most {most} characters.", most=f"{LONGEST:,}"),
            _("Shorten the names and sources."),
            code="project.long",
            status=422,
        )
    try:
        found = parse_project(text)
    except UserError as error:
        raise UserError(error.what, error.do, code=error.code, status=422) from error
    return ProjectText(text, found.name, found.layer, found.stage)


def beginning(layer: str = "", stage: str = "") -> str:
    """The text to begin with, in the reader's language: an invented project at this place of the value chain."""
    from importlib import resources

    from luokuan.appraisal import project

    chinese = language() == "zh_CN"
    name = "project.zh.yaml" if chinese else "project.en.yaml"
    text = (resources.files("luokuan.appraisal") / "data" / name).read_text(encoding="utf-8")
    for field, value, words in (("layer", layer, project.LAYERS), ("stage", stage, project.STAGES)):
        if value in words:
            text = re.sub(rf"(?m)^{field}: \S+", f"{field}: {words[value] if chinese else value}", text, count=1)
    return text


def own(request: Request) -> list[ProjectHead]:
    """One's own, in the order of names."""
    with studio_of(request).database.read() as connection:
        return projects.projects_of(connection, principal(request).person)


def everybodys(request: Request) -> list[ProjectHead]:
    """All projects, in the order of people and names.

    Raises:
        UserError: they are for administrators (403).
    """
    if not principal(request).may("admin"):
        raise forbidden()
    with studio_of(request).database.read() as connection:
        return projects.all_projects(connection)


def chain(heads: list[ProjectHead]) -> list[tuple[str, list[tuple[str, list[ProjectHead]]]]]:
    """The value chain: each layer with each stage and the projects that stand there."""
    return [
        (layer, [(stage, [one for one in heads if (one.layer, one.stage) == (layer, stage)]) for stage in STAGES])
        for layer in LAYERS
    ]


def find(request: Request, project_id: str) -> ProjectRow:
    """One that may be seen: of one's own, and for administrators any.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    who = principal(request)
    with studio_of(request).database.read() as connection:
        row = projects.find_project(connection, project_id, None if who.may("admin") else who.person)
    if row is None:
        raise missing()
    return row


def find_own(request: Request, project_id: str) -> ProjectRow:
    """One that may be changed: of one's own.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    with studio_of(request).database.read() as connection:
        row = projects.find_project(connection, project_id, principal(request).person)
    if row is None:
        raise missing()
    return row


def make(request: Request, text: str) -> str:
    """Keep a new one. Returns its id.

    Raises:
        UserError: it is no project, or there are too many.
    """
    wanted, project_id = checked(text), tokens.new_id()
    with studio_of(request).database.write() as connection:
        projects.insert_project(connection, project_id, wanted, principal(request).person, now())
    return project_id


def change(request: Request, project_id: str, text: str, version: int) -> None:
    """Put another text in the place of the one that ``version`` saw.

    Raises:
        UserError: there is none, or it is another's (404), it was changed since (409), or the text is no project.
    """
    find_own(request, project_id)  # before anything is said of the text
    wanted, person = checked(text), principal(request).person
    with studio_of(request).database.write() as connection:
        if projects.find_project(connection, project_id, person) is None:
            raise missing()
        projects.change_project(connection, project_id, wanted, person, now(), version=version)


def delete(request: Request, project_id: str, version: int) -> None:
    """Delete it, where it still is as ``version`` saw it.

    Raises:
        UserError: there is none, or it is another's (404), or it was changed since (409).
    """
    person = principal(request).person
    with studio_of(request).database.write() as connection:
        if projects.find_project(connection, project_id, person) is None:
            raise missing()
        projects.delete_project(connection, project_id, person, version=version)


def appraised(
    request: Request, project_id: str, form: Form, *, paths: int = PATHS, seed: int = 0, receipts: str = ""
) -> Any:
    """The appraisal of a project on the home's records of today, by a process beside the server. For a maker's only
    records of their own works, models and jobs count; for an administrator's all.

    Args:
        request: Of whose it is.
        project_id: Which.
        form: What comes back: values (``json``), a page (``html``), or the text of a PDF in Base64 (``pdf``).
        paths: Paths to draw.
        seed: The same seed, the same result.
        receipts: The text of a CSV with the revenue of actual months, which isn't kept; empty: what is stated, and the
            market's books.

    Raises:
        UserError: there is none, or it is another's (404); it isn't done yet, or too many are under way (503); or see
            ``parse_books``, ``with_books`` and ``appraise_recorded``.
    """
    row = find(request, project_id)
    owner = _whose_records(request, row)
    prices = pricing.setting(request)
    digest = sha256_bytes(receipts.encode()) if receipts else ""
    told = (row.id, row.version, owner, prices.version, digest, form, paths, seed, language(), f"{now():%Y-%m-%d}")
    key = ":".join(str(one) for one in told)
    asked = {"text": row.text, "form": form, "paths": paths, "seed": seed, "owner": owner, "prices": prices.text,
             "receipts": receipts}  # fmt: skip
    return outcome(request, key, "appraise", asked)["appraisal"]


def outcome(request: Request, key: str, what: str, asked: Answer) -> Answer:
    """What an errand answers, once it is done; if the same person comes again, they find the same.

    Raises:
        UserError: it isn't done yet, or too many of this person's are under way (503); or what it says.
    """
    errands, person = studio_of(request).errands, principal(request).person.id
    mine = f"appraise:{person}:"
    key = f"{mine}{what}:{key}"
    with _a_turn(person):
        errand = errands.find(key)
        if errand is None:  # what failed while nobody waited any more is told, and not begun anew
            if errands.under_way(mine) >= AT_ONCE:
                raise _many()
            errand = errands.start(key, what, asked, once=True)
        if not errand.ended.wait(PATIENCE):
            raise UserError(
                _("The appraisal isn't done yet."), _("Load the page again in a moment."), code="check.full", status=429
            )
    errands.forget(key)
    if errand.error is not None:
        raise errand.error
    assert errand.answer is not None
    return errand.answer


@contextmanager
def _a_turn(person: str) -> Iterator[None]:
    """Wait as one of at most ``AT_ONCE`` answers to a person."""
    with _counting:
        if _waiting[person] >= AT_ONCE:
            raise _many()
        _waiting[person] += 1
    try:
        yield
    finally:
        with _counting:
            _waiting[person] -= 1
            if not _waiting[person]:
                del _waiting[person]


def _many() -> UserError:
    return UserError(
        _("{count} appraisals of yours are being drawn up.", count=AT_ONCE),
        _("Wait until one of them is done."),
        code="check.full",
        status=429,
    )


def _whose_records(request: Request, row: ProjectRow) -> str | None:
    """Whose records a project is appraised on; None: everybody's, which only administrators see. The owner's role
    decides, so that whoever may see a project sees the same figures."""
    with studio_of(request).database.read() as connection:
        owner = find_account(connection, row.account_id)
    every = owner is not None and owner.may("admin") and principal(request).may("admin")
    return None if every else row.account_id
