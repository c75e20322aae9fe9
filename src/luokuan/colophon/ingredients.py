"""What a work starts from: a work of this home, or a file of anybody, looked at in a process of its own first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from luokuan.colophon import history, xmp
from luokuan.colophon.formats import format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.inspection import MAX_SIDECAR
from luokuan.colophon.sandbox import Limits, Sandbox, sandbox_of
from luokuan.colophon.trust import reaches, revocations, trust_of
from luokuan.colophon.verdict import judge
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.facts import Facts
    from luokuan.media import Media
    from luokuan.store.home import Home
    from luokuan.store.ingredients import IngredientRow
    from luokuan.store.works import WorkRow

Role = Literal["parentOf", "inputTo"]
Purpose = Literal["derived", "licensed", "edited", "reference"]

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC digital source type of what a trained model changed."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One file that a work starts from.

    Args:
        role: ``parentOf``: the work is another state of it; ``inputTo``: it was looked at.
        sha256: Of ``data``.
        title: What people call it; stays in the home, because file names tell of people.
        media_type: By its content.
        data: The whole file.
        beside: Its manifest, where that lies beside it.
        credentials: Whether it has a manifest, in it or beside it.
        work_id: The work of this home that it is, or None.
        like: The work of this home of which it is a copy without manifest, by watermark and fingerprint together, or
            None. It may have been changed since, so that its own samples count, and not that work's.
        aigc: Its AIGC label, else that of the work that it is a copy of, or None.
        manifests: Labels of its manifest and of those before it, as far as they are known.
    """

    role: Role
    sha256: str
    title: str
    media_type: str
    data: bytes
    beside: bytes | None = None
    credentials: bool = False
    work_id: str | None = None
    like: str | None = None
    aigc: Mapping[str, str] | None = None
    manifests: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the bytes."""
        return f"Ingredient({self.role}, {self.sha256[:12]}…)"

    @property
    def name(self) -> str:
        """What the public manifest calls it."""
        return self.work_id or ("picture" if self.media_type.startswith("image/") else "file")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a work starts from, and what for.

    Args:
        purpose: ``derived`` or ``licensed``: a copy; ``edited``: changed by a model; ``reference``: looked at by one.
        ingredients: The files; the first is the parent where the work has one.
        source: IPTC digital source type of the work.
    """

    purpose: Purpose
    ingredients: tuple[Ingredient, ...]
    source: str = xmp.GENERATED

    @property
    def parent(self) -> Ingredient | None:
        """The file of which the work is another state, or None."""
        return next((one for one in self.ingredients if one.role == "parentOf"), None)

    def check(self, store: Mapping[str, Any]) -> None:
        """Look for the ingredients in what was signed.

        Args:
            store: A reader's JSON of the finished file.

        Raises:
            RuntimeError: one, or the manifest that it came with, isn't there; our fault.
        """
        steps = [step for step in history.read(store) if step.depth == 0]
        manifests = store.get("manifests", {})
        for one in self.ingredients:
            named = any(
                (step.role, step.title, step.credentials) == (one.role, one.name, one.credentials)
                # Whose work a stranger's file says that it is doesn't matter here.
                and one.work_id in (None, step.work)
                for step in steps
            )
            if not named or not all(label in manifests for label in one.manifests):
                raise RuntimeError(f"the manifest reads back without its history: {one}")

    def rows(self, work_id: str) -> list[IngredientRow]:
        """What the home's table keeps of it."""
        from luokuan.store.ingredients import IngredientRow

        return [
            IngredientRow(
                work_id, place, one.role, self.purpose, one.work_id or one.like, one.sha256, one.title, one.aigc
            )
            for place, one in enumerate(self.ingredients)
        ]


def edited(ingredient: Ingredient) -> Origin:
    """The origin of what a model made of ``ingredient``: a file of somebody else becomes a composite, a work of this
    home, which a model made anyway, doesn't."""
    ours = ingredient.work_id or ingredient.like
    return Origin("edited", (ingredient,), xmp.GENERATED if ours else COMPOSITE)


def take_in(path: Path, home: Home, role: Role, *, limits: Limits | None = None) -> Ingredient:
    """Look at a file, in a child process with limits, and read it whole.

    Args:
        path: The file; its manifest may lie beside it.
        home: Whose works are recognised.
        role: See ``Ingredient``.
        limits: What the file may cost.

    Raises:
        UserError: it can't be read, it is damaged, or its labels or credentials can't be carried on: they contradict
            each other, can't be read, or lie elsewhere.
    """
    limits = limits or Limits()
    with sandbox_of(home, limits) as sandbox:
        facts = sandbox.inspect(path)
    _refuse(path, facts)
    data, beside = _read(path, limits.file_bytes), None
    assert facts.media_type is not None
    if data is None or sha256_bytes(data) != facts.sha256:
        raise _unusable(path, _("It changed while it was read."))
    if facts.state != "Absent" and not format_of(facts.media_type).embeds_manifest:
        beside = _read(path.with_name(path.name + MANIFEST), MAX_SIDECAR)
        if beside is None or sha256_bytes(beside) != facts.beside:
            raise _unusable(path, _("It changed while it was read."))
    row = known_work(home, facts)
    if row is not None and not row.erased and facts.state == "Absent" and row.blob_sha256 == facts.sha256:
        return of_work(row, home, role)  # its manifest wasn't brought along, and the home has it
    copied = recognised(path, home, facts, limits) if row is None else None
    return Ingredient(
        role=role,
        sha256=facts.sha256,
        title=path.name,
        media_type=facts.media_type,
        data=data,
        beside=beside,
        credentials=facts.state != "Absent",
        work_id=None if row is None else row.id,
        like=None if copied is None else copied.id,
        aigc=_label_of(copied, home) if facts.aigc is None and copied is not None else facts.aigc,
        manifests=tuple(step["manifest"] for step in facts.history if step["manifest"] is not None),
    )


def of_work(row: WorkRow, home: Home, role: Role = "parentOf") -> Ingredient:
    """A work of this home, as it was finished.

    Raises:
        UserError: its bytes are gone or have changed.
    """
    from luokuan.colophon import aigc, c2pa_sign
    from luokuan.store.blobs import Blobs

    blobs = Blobs(home)
    data = blobs.get(row.blob_sha256)
    sidecars = {ending: blobs.get(sha256) for ending, sha256 in row.sidecars.items()}
    labels = format_of(row.media_type).read_labels(data, sidecars)
    found = c2pa_sign.read(data, row.media_type, c2pa_sign.context(), sidecars.get(MANIFEST))
    return Ingredient(
        role=role,
        sha256=row.blob_sha256,
        title=row.id,
        media_type=row.media_type,
        data=data,
        beside=sidecars.get(MANIFEST),
        credentials=True,
        work_id=row.id,
        aigc=None if labels.aigc is None else aigc.parse(labels.aigc).to_dict(),
        manifests=tuple(found.store.get("manifests", ())),
    )


def master_of(ingredient: Ingredient, home: Home) -> Media | None:
    """The samples of a work of this home without its label and watermark, so that the next work gets only its own;
    None for other files, and for works from before masters were kept.

    Raises:
        UserError: there is a master, but it can't be read.
    """
    if ingredient.work_id is None:
        return None
    from luokuan.store.masters import Masters

    try:
        return Masters(home).get(ingredient.work_id, format_of(ingredient.media_type).kind)
    except UserError as error:
        if error.code == "master.missing":
            return None
        raise


def known_work(home: Home, facts: Facts) -> WorkRow | None:
    """The work of this home that a file is: by its bytes, or by this home's own signature; not by that of a key that
    was revoked, for whoever stole it may name any work."""
    from luokuan.store.database import open_database

    if not home.has_database:
        return None
    from luokuan.store.works import find_work, find_work_by_sha256

    assert facts.sha256 is not None
    named: Any = (facts.claim or {}).get("work")
    signed = facts.home and not any(reaches(entry, facts) for entry in revocations(facts, trust_of(home), ()))
    with open_database(home) as database, database.read() as connection:
        row = find_work_by_sha256(connection, facts.sha256)
        if row is None and signed and isinstance(named, str):
            row = find_work(connection, named)
    return row


def recognised(path: Path, home: Home, facts: Facts, limits: Limits | None = None) -> WorkRow | None:
    """The work of this home of which a file without manifest is a copy: its watermark leads to the work, and it looks
    or sounds like that very work. One sign alone is not enough: marks can be copied, and files can be alike.

    Args:
        facts: What was found when it was looked at without its samples.
    """
    from luokuan.colophon.findings import Finder
    from luokuan.store.secrets import find_watermark_key

    secret, finder = find_watermark_key(home), Finder(home)
    if facts.claim is not None or facts.damaged or secret is None or not finder.possible:
        return None
    known = trust_of(home)
    settings = known.roots, b"", limits or Limits(), known.groups, known.stamp_roots
    with Sandbox(*settings, glances=True, secret=secret) as sandbox:
        seen = sandbox.inspect(path)
    verdict = judge(path, seen, finder.find(path, seen))
    if seen.sha256 != facts.sha256 or verdict.verdict != "ours_stripped" or verdict.work is None:
        return None
    from luokuan.store.database import open_database
    from luokuan.store.works import find_work

    with open_database(home) as database, database.read() as connection:
        return find_work(connection, verdict.work)


def _label_of(row: WorkRow, home: Home) -> Mapping[str, str] | None:
    """The AIGC label of a work; None where its bytes are gone."""
    try:
        return of_work(row, home).aigc
    except UserError:
        return None


def _refuse(path: Path, facts: Facts) -> None:
    """Refuse what can't be carried on, with one sentence on why."""
    if facts.problem is not None:
        raise _unusable(path, judge(path, facts, None).evidence[0])
    if facts.damaged:
        name = format_of(facts.media_type).name if facts.media_type else ""
        said = _("The {name} file is damaged or cut short.", name=name)
        raise _unusable(path, said if name else _("The file is damaged or cut short."))
    if facts.aigc_problem is not None:
        raise UserError(
            _("The AI labels of {path} contradict each other or can't be read, so they can't be kept.", path=path),
            _("Get a copy from its maker."),
            code="ingredient.labels",
        )
    if facts.state == "Remote":
        raise UserError(
            _("The credentials of {path} lie at an address on the net, and nothing is fetched from there.", path=path),
            _("Get a copy that holds its credentials."),
            code="ingredient.remote",
        )
    if facts.state == "Broken":
        raise UserError(
            _("The credentials of {path} can't be read, so they can't be kept.", path=path),
            _("Get a copy from its maker."),
            code="ingredient.credentials",
        )


def _read(path: Path, most: int) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError:
        return None


def _unusable(path: Path, why: str) -> UserError:
    return UserError(
        _("{path} can't be used: {why}", path=path, why=why),
        _("Give a whole file of a format that is known here."),
        code="ingredient.unusable",
    )
