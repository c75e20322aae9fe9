"""The fingerprints of a home's works in memory, and which of them a file is near to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from luokuan.colophon.fingerprint import text
from luokuan.colophon.fingerprint.base import QUALITY, Alike, Kind
from luokuan.colophon.fingerprint.lookup import (
    BIT_ERROR,
    PDQ_DISTANCE,
    Near,
    Postings,
    Scan,
    bit_error,
    subfingerprints,
)
from luokuan.errors import UserError
from luokuan.store.blobs import Blobs
from luokuan.store.fingerprints import bits_of_work, fingerprint_bits, fingerprints_after
from luokuan.store.works import find_work

if TYPE_CHECKING:
    import sqlalchemy as sa
    from numpy.typing import NDArray

    from luokuan.store.home import Home

_LATE = 1000
"""How many numbers back rows may still appear: PostgreSQL counts them when they are written, and shows them when their
transaction ends. SQLite has one writer."""
_READ = 8  # texts of works whose words are compared, at most


class Register:
    """Keep one for as long as files are looked up: a kind is read when it is first asked for, and then what is new."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._shelves: dict[Kind, _Shelf] = {}

    def find(
        self, connection: sa.Connection, glance: Mapping[str, Any], *, without: Collection[str] = ()
    ) -> Alike | None:
        """The work that is most like what was seen of a file; None if none is like it, or the file is too plain or too
        short to tell.

        Args:
            connection: To the home's database.
            glance: See ``fingerprint.glance``.
            without: Ids of works that don't count.
        """
        if not tells(glance):
            return None
        kind: Kind = glance["kind"]
        kept: Kind = "picture" if kind == "clip" else kind
        shelf = self._shelves.setdefault(kept, _Shelf(kept))
        shelf.refresh(connection)
        if kind == "picture":
            return _picture(shelf, glance, without)
        if kind == "clip":
            return _clip(shelf, glance, without)
        if kind == "text":
            return self._text(connection, shelf, glance, without)
        return _sound(connection, shelf, glance, without)

    def find_any(
        self, connection: sa.Connection, glances: Sequence[Mapping[str, Any]], *, without: Collection[str] = ()
    ) -> Alike | None:
        """The picture or clip, of which a frame counts, that any of several pictures is nearest to; None if none is.

        Args:
            connection: To the home's database.
            glances: See ``fingerprint.glance``; of pictures that tell, such as frames of a clip.
            without: Ids of works that don't count.
        """
        shelf = self._shelves.setdefault("picture", _Shelf("picture"))
        shelf.refresh(connection)
        found = [_picture(shelf, glance, without) for glance in glances]
        return min((one for one in found if one is not None), key=lambda one: one.distance, default=None)

    def compare(self, connection: sa.Connection, glance: Mapping[str, Any], work: str) -> Alike | Literal[False] | None:
        """Compare what was seen of a picture or a sound with one work.

        Args:
            connection: To the home's database.
            glance: See ``fingerprint.glance``.
            work: Its id.

        Returns:
            How like it is, a hint (see ``Alike.sure``) included; False: it isn't like it; None: one of both has no
            fingerprint, or is too plain or too short to tell.
        """
        kind = glance["kind"]
        if not tells(glance) or kind == "text":
            return None
        kept = bits_of_work(connection, work, kind, QUALITY[kind])
        found: list[Alike] = []
        for bits in kept:
            if kind == "sound":
                fit = bit_error(subfingerprints(bytes.fromhex(glance["bits"])), subfingerprints(bits))
                if fit is not None and fit[0] <= BIT_ERROR * fit[1]:
                    found.append(Alike(work, "sound", *fit))
                continue
            for key, mirrored in (("bits", False), ("mirrored", True)):
                wrong = int.from_bytes(bytes.fromhex(glance[key])) ^ int.from_bytes(bits)
                if wrong.bit_count() <= PDQ_DISTANCE:
                    found.append(Alike(work, "picture", wrong.bit_count(), 256, mirrored))
        if found:
            return min(found, key=lambda alike: (alike.distance / alike.bits, alike.mirrored))
        return False if kept else None

    def _text(
        self, connection: sa.Connection, shelf: _Shelf, glance: Mapping[str, Any], without: Collection[str]
    ) -> Alike | None:
        near = shelf.near(bytes.fromhex(glance["bits"]), text.MAYBE, without)
        if near and near[0].distance <= text.SURE:
            return Alike(shelf.work(near[0].place), "text", near[0].distance, 64)
        found = []
        for one in near[:_READ]:
            work = shelf.work(one.place)
            share = self._resemblance(connection, work, bytes.fromhex(glance["sketch"]))
            if share >= text.ALIKE:
                found.append(Alike(work, "text", one.distance, 64, resemblance=share))
        return max(found, key=lambda alike: alike.resemblance or 0.0, default=None)

    def _resemblance(self, connection: sa.Connection, work: str, sketch: bytes) -> float:
        row = find_work(connection, work)
        if row is None:
            return 0.0
        try:
            words = text.words_in(Blobs(self._home).get(row.blob_sha256), row.media_type)
        except UserError:  # its bytes are missing: `verify` isn't the place to say so
            return 0.0
        return 0.0 if words is None else text.resemblance(words, sketch)


def tells(glance: Mapping[str, Any]) -> bool:
    """Whether what was seen of a file is enough to know it by."""
    return "bits" in glance and glance["quality"] >= QUALITY[glance["kind"]]


class _Shelf:
    """One kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        self.scan = Scan(1 if kind == "text" else 4)
        self.postings = Postings()
        self.ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._works: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)

    def work(self, place: int) -> str:
        """The id of the work at this place."""
        return f"{int(self._works[place]):016x}"

    def near(self, bits: bytes, within: int, without: Collection[str]) -> list[Near]:
        """As ``Scan.near``, without some works."""
        found = self.scan.near(bits, within)
        return [one for one in found if self.work(one.place) not in without] if without else found

    def refresh(self, connection: sa.Connection) -> None:
        """Read what is new."""
        late = 0 if connection.dialect.name == "sqlite" else _LATE
        last = int(self.ids.max(initial=0)) - late
        known = set(self.ids[self.ids > last].tolist())
        batches = []
        for rows in fingerprints_after(connection, self.kind, last, QUALITY[self.kind]):
            fresh = [row for row in rows if row.id not in known] if known else rows
            if fresh:
                batches.append(self._packed(fresh))
        if not batches:
            return
        self.ids = np.concatenate([self.ids, *(ids for ids, _works, _bits in batches)])
        self._works = np.concatenate([self._works, *(works for _ids, works, _bits in batches)])
        if self.kind == "sound":
            self.postings.add([bits for _ids, _works, several in batches for bits in several])
        else:
            self.scan.add(b"".join(bits for _ids, _works, several in batches for bits in several))

    @staticmethod
    def _packed(
        rows: Sequence[sa.Row[int, str, bytes]],
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64], list[bytes]]:
        ids, names, bits = zip(*rows, strict=True)
        works = np.frombuffer(bytes.fromhex("".join(names)), dtype=">u8").astype(np.uint64)
        return np.array(ids, dtype=np.int64), works, list(bits)


def _picture(shelf: _Shelf, glance: Mapping[str, Any], without: Collection[str]) -> Alike | None:
    found: list[tuple[Near, bool]] = []
    for key, mirrored in (("bits", False), ("mirrored", True)):
        near = shelf.near(bytes.fromhex(glance[key]), PDQ_DISTANCE, without)
        found += [(near[0], mirrored)] if near else []
    if not found:
        return None
    best, mirrored = min(found, key=lambda pair: (pair[0].distance, pair[1]))
    return Alike(shelf.work(best.place), "picture", best.distance, 256, mirrored)


def _clip(shelf: _Shelf, glance: Mapping[str, Any], without: Collection[str]) -> Alike | None:
    """The work that more than half of the frames are like, the nearest of several."""
    bits = bytes.fromhex(glance["bits"])
    frames = [bits[at : at + 32] for at in range(0, len(bits), 32)]
    found: dict[str, list[int]] = {}
    for frame in frames:
        nearest: dict[str, int] = {}
        for one in shelf.near(frame, PDQ_DISTANCE, without):
            nearest.setdefault(shelf.work(one.place), one.distance)
        for work, distance in nearest.items():
            found.setdefault(work, []).append(distance)
    alike = [
        Alike(work, "clip", sorted(distances)[len(distances) // 2], 256)
        for work, distances in found.items()
        if 2 * len(distances) > len(frames)
    ]
    return min(alike, key=lambda one: one.distance, default=None)


def _sound(
    connection: sa.Connection, shelf: _Shelf, glance: Mapping[str, Any], without: Collection[str]
) -> Alike | None:
    wanted = bytes.fromhex(glance["bits"])
    places = [place for place in shelf.postings.candidates(wanted) if shelf.work(place) not in without]
    kept = fingerprint_bits(connection, [int(shelf.ids[place]) for place in places])
    best: Alike | None = None
    for place in places:
        fit = bit_error(subfingerprints(wanted), subfingerprints(kept.get(int(shelf.ids[place]), b"")))
        if fit is None or fit[0] > BIT_ERROR * fit[1]:
            continue
        if best is None or fit[0] * best.bits < best.distance * fit[1]:
            best = Alike(shelf.work(place), "sound", *fit)
    return best
