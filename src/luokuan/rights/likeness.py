"""Further checks of the guard: what a picture shows, how a sound sounds, what a score sings; against the corpora that a
work's model learnt from, and against what others offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from luokuan.colophon.formats import format_of
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Picture, Score
from luokuan.rights import corpus_readings, melodies
from luokuan.rights.hits import Hit
from luokuan.store.listings import items_of, listings
from luokuan.store.masters import Masters
from luokuan.store.ownership import owner_of
from luokuan.store.works import find_work

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    import numpy as np
    import sqlalchemy as sa
    from numpy.typing import NDArray

    from luokuan.media import Media
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

SHOWN, SAME = 0.85, 0.92
"""Cosine of two pictures' features from which on a likeness is told, and counts as a copy; both only above what
different pictures of that corpus come to between themselves (``usual``). Measured by benchmarks/guard.py."""
CROWD = 500
"""Pictures among which that is looked for."""
MOST_OFFERED = 2000
"""Works of others with which one is compared, those that were offered last."""
MediaT = TypeVar("MediaT", Picture, Score, Clip)


@dataclass(frozen=True, slots=True)
class Looking:
    """What is compared with what.

    Args:
        row: The work.
        home: Its home.
        corpora: Folders of what its model learnt from.
        related: Ids of works that it was made from or that were made from it.
        connection: For reading.
    """

    row: WorkRow
    home: Home
    corpora: Sequence[Path]
    related: Collection[str]
    connection: sa.Connection

    def master(self, row: WorkRow, kind: type[MediaT]) -> MediaT | None:
        """The samples of a work, without label; None where they are gone."""
        try:
            found = Masters(self.home).get(row.id, format_of(row.media_type).kind)
        except UserError:
            return None
        return found if isinstance(found, kind) else None

    def offered(self, kind: type[Media]) -> Iterator[WorkRow]:
        """Works of one kind of media that somebody else offers, each once."""
        owner, seen = owner_of(self.connection, self.row.id), set(self.related)
        for listing in listings(self.connection, state="published", limit=MOST_OFFERED):
            if listing.seller == owner:
                continue
            for item in items_of(self.connection, listing.id):
                if item.work_id in seen or item.root_id in seen:
                    continue
                seen.add(item.work_id)
                found = find_work(self.connection, item.work_id)
                if found is not None and not found.erased and format_of(found.media_type).kind is kind:
                    yield found


def pictures(looking: Looking, hits: list[Hit], compared: list[str]) -> None:
    """What a picture shows: turned, recoloured and cut copies. What fingerprints have told isn't told again."""
    if format_of(looking.row.media_type).kind is not Picture:
        return
    folders = [one for one in looking.corpora if corpus_readings.has_any(one, "feature")]
    offered = list(looking.offered(Picture))
    # The network takes seconds to load: not for nothing.
    master = looking.master(looking.row, Picture) if folders or offered else None
    if master is None:
        return
    own = _unit(corpus_readings.features_of(master.pixels[..., :3]))
    for folder in folders:
        rows = corpus_readings.readings(folder, looking.home, "feature")
        items = [(name, corpus_readings.unpacked(text)) for name, texts in rows for text in texts]
        compared.append(_("what pictures of the corpus {name} show", name=folder.name))
        item, cosine, limit = _nearest(own, items)
        known = any(one.details.get("item") == item and one.details.get("corpus") == folder.name for one in hits)
        if cosine >= max(SHOWN, limit) and not known:
            values = {"item": item, "corpus": folder.name, "likeness": round(cosine, 2)}
            said = _("It shows nearly what the training picture {item} of {corpus} shows (likeness {likeness} of 1).",
                     **values)  # fmt: skip
            hits.append(Hit("training-likeness", cosine >= max(SAME, limit), said, values))
    if not offered:
        return
    compared.append(_("what pictures of others show that are offered"))
    others = ((one.id, _features_of_work(looking, one)) for one in offered)
    like, cosine, limit = _nearest(own, [(name, theirs) for name, theirs in others if theirs is not None])
    if cosine >= max(SHOWN, limit) and not any(one.details.get("like") == like for one in hits):
        values = {"id": like, "likeness": round(cosine, 2)}
        said = _("It shows nearly what the work {id} of somebody else shows (likeness {likeness} of 1).", **values)
        details = {"like": like, "likeness": round(cosine, 2)}
        hits.append(Hit("likeness", cosine >= max(SAME, limit), said, details))


def _nearest(
    own: NDArray[np.float32], items: Sequence[tuple[str, NDArray[np.float32]]]
) -> tuple[str, float, float]:  # fmt: skip
    """The nearest of the items, its cosine, and what is usual among them."""
    import numpy as np

    if not items:
        return "", 0.0, 0.0
    rows = np.stack([features for _name, features in items])
    cosines = rows @ own
    best = int(np.argmax(cosines))
    return items[best][0], float(cosines[best]), usual(rows)


def usual(rows: NDArray[np.float32]) -> float:
    """How near different pictures come to one another: the cosine with the nearest that a hundredth of them exceeds,
    among up to ``CROWD``. 0 for fewer than three.

    Args:
        rows: Features (N, F) of length 1.
    """
    import numpy as np

    if len(rows) < 3:
        return 0.0
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), CROWD)).astype(int)]
    cosines = some @ some.T
    np.fill_diagonal(cosines, -1.0)
    return float(np.quantile(cosines.max(axis=1), 0.99, method="lower"))


def sounds(looking: Looking, glance: Mapping[str, Any] | None, hits: list[Hit], compared: list[str]) -> None:
    """How a sound sounds: recordings of corpora, by the fingerprints by which works are found. ``glance``: of the work;
    None: it has none."""
    from luokuan.colophon.fingerprint.lookup import BIT_ERROR, bit_error, subfingerprints
    from luokuan.colophon.fingerprint.register import tells

    if glance is None or glance.get("kind") != "sound" or not tells(glance):
        return
    own = subfingerprints(bytes.fromhex(glance["bits"]))
    for folder in looking.corpora:
        items = corpus_readings.readings(folder, looking.home, "sound")
        if not items:
            continue
        compared.append(_("sounds of the corpus {name}", name=folder.name))
        best: tuple[float, str, int, int] | None = None
        for name, several in items:
            for bits in several:
                fit = bit_error(own, subfingerprints(bytes.fromhex(bits)))
                if fit is not None and fit[0] <= BIT_ERROR * fit[1]:
                    found = (fit[0] / fit[1], name, *fit)
                    best = found if best is None else min(best, found)
        if best is not None:
            values = {"item": best[1], "corpus": folder.name, "distance": best[2], "bits": best[3]}
            said = _(
                "It sounds like the training sound {item} of {corpus} ({distance} of {bits} bits differ).", **values
            )
            hits.append(Hit("training-sound", True, said, values))


def scores(looking: Looking, hits: list[Hit], compared: list[str]) -> None:
    """What a score sings, in any key and tempo."""
    if format_of(looking.row.media_type).kind is not Score:
        return
    master = looking.master(looking.row, Score)
    lines = () if master is None else melodies.lines_of(master)
    if not lines:
        return
    for folder in looking.corpora:
        items = [row for row in corpus_readings.readings(folder, looking.home, "score") if row[1]]
        if not items:
            continue
        compared.append(_("melodies of the corpus {name}", name=folder.name))
        best, item = max(((melodies.resemblance(lines, texts), name) for name, texts in items), key=_weight)
        if best.told:
            where = {"item": item, "corpus": folder.name}
            said = _("It sings like the training piece {item} of {corpus}: {notes} notes in a row and {share} % of its "
                     "turns are the same, in any key.", **where, **_shared(best))  # fmt: skip
            hits.append(Hit("training-score", best.copy, said, {**where, **_shared(best)}))
    others = [
        (melodies.resemblance(lines, theirs), other.id)
        for other in looking.offered(Score)
        if (score := looking.master(other, Score)) is not None and (theirs := melodies.lines_of(score))
    ]
    if others:
        compared.append(_("melodies of others that are offered"))
        best, like = max(others, key=_weight)
        if best.told:
            said = _("It sings like the work {id} of somebody else: {notes} notes in a row and {share} % of its turns "
                     "are the same, in any key.", id=like, **_shared(best))  # fmt: skip
            hits.append(Hit("score", best.copy, said, {"like": like, **_shared(best)}))


def _shared(found: melodies.Resemblance) -> dict[str, int]:
    """A letter of a line stands between three notes."""
    return {"notes": found.run + 2 if found.run else 0, "share": round(100 * found.share)}


def _weight(pair: tuple[melodies.Resemblance, str]) -> tuple[float, str]:
    """How near a threshold of copies it comes, by run or by share."""
    found, name = pair
    return max(found.run / melodies.RUN_COPY, found.share / melodies.SHARE_COPY), name


def _features_of_work(looking: Looking, row: WorkRow) -> NDArray[np.float32] | None:
    """The features of another work's picture, kept by its id: a master never changes."""
    path = looking.home.cache / "rights" / "works" / row.id
    try:
        return corpus_readings.unpacked(path.read_text("ascii"))
    except (OSError, ValueError):
        pass
    master = looking.master(row, Picture)
    if master is None:
        return None
    from luokuan.files import write_atomic

    text = corpus_readings.packed(corpus_readings.features_of(master.pixels[..., :3]))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.encode())
    return corpus_readings.unpacked(text)


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return corpus_readings.unpacked(corpus_readings.packed(features))
