"""The register of rules that bear on generative works: each with its date, source, and what it asks."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from luokuan.appraisal.numbers import Line, Strict
from luokuan.foundation.yamlfile import read_yaml
from luokuan.i18n import _, language

Status = Literal["coming", "transition", "in force", "over"]


class Rule(Strict):
    """One rule. ``since``: when it begins to bind; ``old_until``: until when what existed before may go on; ``until``:
    its end; ``read``: how it is known: ``text`` (the text itself was read) or ``secondary`` (sources that agree).
    ``answer``: what Luokuan does about it."""

    id: Line
    title: Line
    title_zh: Line
    jurisdiction: Line
    kind: Literal["law", "standard", "code of practice", "specification"]
    source: Line
    duty: Annotated[str, Field(max_length=800)]
    duty_zh: Annotated[str, Field(max_length=800)]
    answer: Line
    answer_zh: Line
    since: date
    old_until: date | None = None
    until: date | None = None
    read: Literal["text", "secondary"]
    checked: date

    def status(self, on: date) -> Status:
        """Whether it binds on a day; ``transition``: it does, but not yet what existed before."""
        if on < self.since:
            return "coming"
        if self.until is not None and on > self.until:
            return "over"
        return "transition" if self.old_until is not None and on < self.old_until else "in force"

    @property
    def said(self) -> tuple[str, str, str]:
        """Title, duty and answer in the user's language."""
        if language() == "zh_CN":
            return self.title_zh, self.duty_zh, self.answer_zh
        return self.title, self.duty, self.answer


class Register(Strict):
    """The register's file."""

    luokuan_rules: Literal[1]
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]


def read_rules(path: Path | str | None = None) -> list[Rule]:
    """The rules, in the order in which they begin; None: those that come with Luokuan.

    Raises:
        UserError: see ``yamlfile.read_yaml``.
    """
    if path is not None:
        found = read_yaml(path, Register, code="appraisal.rules")
    else:
        with resources.as_file(resources.files("luokuan.appraisal") / "data" / "rules.yaml") as place:
            found = read_yaml(place, Register, code="appraisal.rules")
    return sorted(found.rules, key=lambda rule: (rule.since, rule.id))


def status_word(status: Status) -> str:
    """A status in the user's language."""
    return {
        "coming": _("coming"),
        "transition": _("in force, older systems later"),
        "in force": _("in force"),
        "over": _("over"),
    }[status]


STALE_DAYS = 180
"""After so many days nobody should rely on a rule's entry without looking again."""


def is_stale(rule: Rule, on: date) -> bool:
    """Whether the entry was checked too long ago."""
    return (on - rule.checked).days > STALE_DAYS
