"""What a work, a model or a corpus was made from, with what its records say of rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from luokuan.foundation.consent import clauses, denied

Kind = Literal["work", "model", "corpus", "voice", "file"]
State = Literal["absent", "unsaid", "said", "cut", "unknown", "erased", "withdrawn", "disputed"]
"""``absent``: a model whose folder isn't here; ``unsaid``: one whose record doesn't say what it learnt from; ``said``:
only a stranger's file says so; ``cut``: the lineage goes on; ``unknown``: nothing is known; and of a work that it was
``erased`` or ``withdrawn``, or that a notice about it is open."""

NOT_NEEDED = ("none needed", "not needed", "no consent needed", "none is needed", "不需要", "无需", "无须", "毋须")
"""How a card begins that says that nobody need agree."""
NO_PERSONS = ("none", "none known", "no", "n/a", "-", "无", "没有", "未发现", "none found", "不含")


@dataclass(frozen=True, slots=True)
class Source:
    """One thing of a lineage.

    Args:
        key: Unique in the lineage.
        kind: What it is.
        title: What people call it.
        licence: An expression of licences, or ``unknown``.
        credit: Who is to be named.
        consent: On what ground depicted or recorded people agreed, as its card says.
        personal_data: What personal data it holds, as its card says.
        where: Where it came from.
        digest: Of it, 64 lower-case hexadecimal digits, where it has one.
        states: What else is to be known.
    """

    key: str
    kind: Kind
    title: str
    licence: str = "unknown"
    credit: str = ""
    consent: str = ""
    personal_data: str = ""
    where: str = ""
    digest: str = ""
    states: frozenset[State] = frozenset()

    @property
    def persons(self) -> Literal["none", "agreed", "unsaid", "contradicted", "missing"]:
        """Whether the people in it agreed: there are ``none``; they ``agreed``; nobody says (``unsaid``); the card says
        both that there are some and that none need agree (``contradicted``); or it is ``missing`` though they are
        there. Of a voice silence is ``missing``: it is always somebody's."""
        if self.kind in ("work", "model"):
            return "none"  # what they were made from tells
        said, some = self.consent.strip().lower(), self._has_persons()
        if denied(said):
            return "missing"
        if not said:
            return "missing" if some or self.kind == "voice" else "unsaid"
        if said.startswith(NOT_NEEDED):
            return "contradicted" if some else "none"
        return "agreed"

    def _has_persons(self) -> bool:
        return any(part and part not in NO_PERSONS for part in clauses(self.personal_data))

    def with_record(self, record: Mapping[str, str]) -> Source:
        """With what somebody has recorded about it, where its own record says nothing; it never overrules that."""
        changes: dict[str, Any] = {
            name: record[name]
            for name in ("credit", "consent", "personal_data")
            if record.get(name) and not getattr(self, name)
        }
        if record.get("licence") and self.licence == "unknown":
            changes["licence"] = record["licence"]
        return replace(self, **changes)
