"""Records of sources: what somebody knows of a licence or a consent, where the source's own record leaves it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from luokuan.colophon.waiver import name_of
from luokuan.errors import UserError
from luokuan.files import expand, sha256_file
from luokuan.i18n import _
from luokuan.store.rights import SourceRow, find_record, put_record

if TYPE_CHECKING:
    from luokuan.store.home import Home

MAX_TEXT = 1000
"""Longest text of a record, in characters."""


def record_source(
    reference: str,
    home: Home,
    *,
    who: str,
    licence: str = "",
    credit: str = "",
    consent: str = "",
    personal_data: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SourceRow:
    """Record what is known of a model's material or of a file. What was recorded before stays where nothing new is
    said.

    Args:
        reference: A model's name or folder, a file, or a digest.
        home: Where it is kept.
        who: Who answers for it.
        licence: SPDX id or a name.
        credit: Who is to be named.
        consent: On what ground people in it agreed.
        personal_data: What personal data it holds.
        now: The clock.

    Raises:
        UserError: there is no such source, nothing is said, or a text is too long or no plain line.
    """
    from luokuan.store.database import open_database

    name = name_of(who)
    said = {"licence": licence, "credit": credit, "consent": consent, "personal_data": personal_data}
    said = {key: text.strip() for key, text in said.items()}
    if not any(said.values()) or not all(len(text) <= MAX_TEXT and _plain(text) for text in said.values()):
        raise UserError(
            _("Nothing is said about it, or not in one line of at most {most} characters.", most=MAX_TEXT),
            _("Give --licence, --credit, --consent or --personal-data."),
            code="rights.record",
        )
    digest, title = _source(reference, home)
    with open_database(home) as database, database.write() as connection:
        old = find_record(connection, digest)
        kept = {key: text or (old.as_record()[key] if old else "") for key, text in said.items()}
        row = SourceRow(digest, title, **kept, who=name, recorded_at=now())
        put_record(connection, row)
    return row


def _source(reference: str, home: Home) -> tuple[str, str]:
    from luokuan.foundation.modelfolder import resolve

    if len(reference) == 64 and all(letter in "0123456789abcdef" for letter in reference):
        return reference, reference[:12]
    path = expand(reference)
    if path.is_file():
        return sha256_file(path), path.name
    model = resolve(reference, home)
    learnt = model.training.get("corpus")
    title = str(learnt.get("title") or model.name) if isinstance(learnt, dict) else model.name
    # What is said of a model is said of its material: every model that learnt from it has the same people in it.
    return model.corpus_digest or model.digest, title


def _plain(text: str) -> bool:
    return text == "" or text.isprintable()
