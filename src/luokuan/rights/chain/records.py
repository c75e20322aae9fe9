"""What the home remembers of chains, in ``chain.json``: its contract, and the anchors it made. Public; no keys."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import locked, write_atomic
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home

FILE, LOCK = "chain.json", ".chain.lock"


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """A checkpoint that was anchored.

    Args:
        checkpoint: The signed note.
        key: What verifies it.
        transaction: Its hash.
        block: Number of the block that held it.
        block_hash: That block's hash: where the chain has another one now, it was reorganised.
    """

    checkpoint: str
    key: str
    transaction: str
    block: int
    block_hash: str


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """A work that was registered.

    Args:
        work: Its id.
        token: SHA-256 of its bytes, 64 hexadecimal digits.
        transaction: Its hash.
        block: Number of the block that held it.
    """

    work: str
    token: str
    transaction: str
    block: int


@dataclass(frozen=True, slots=True)
class Records:
    """The home's contract, its anchors and the works that were registered, oldest first."""

    chain: int
    contract: str
    anchors: tuple[AnchorRecord, ...] = ()
    works: tuple[WorkRecord, ...] = ()


def records_of(home: Home) -> Records | None:
    """What is remembered; None: nothing was deployed yet.

    Raises:
        UserError: the file can't be read.
    """
    path = home.path / FILE
    try:
        found = json.loads(path.read_bytes())
        anchors = tuple(AnchorRecord(**one) for one in found["anchors"])
        works = tuple(WorkRecord(**one) for one in found.get("works", ()))  # older homes have none
        return Records(int(found["chain"]), str(found["contract"]), anchors, works)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UserError(
            _("{path} can't be read.", path=path),
            _("Restore it from a backup, or remove it and give --contract."),
            code="chain.records",
        ) from error


def keep(home: Home, records: Records) -> None:
    """Write the file, in the place of the old one."""
    write_atomic(home.path / FILE, json.dumps(asdict(records), indent=1).encode(), mode=0o600)


def add_anchor(home: Home, chain: int, contract: str, anchor: AnchorRecord) -> None:
    """Remember an anchor; with another contract than before, its contract too."""
    with locked(home.path / LOCK):
        known = records_of(home)
        if known is None or (known.chain, known.contract) != (chain, contract):
            known = Records(chain, contract)
        # Anchored again after a reorganisation: the newer record counts.
        kept = tuple(one for one in known.anchors if one.checkpoint != anchor.checkpoint)
        keep(home, Records(chain, contract, (*kept, anchor), known.works))


def add_work(home: Home, chain: int, contract: str, work: WorkRecord) -> None:
    """Remember that a work was registered in the home's contract; of another one nothing is kept."""
    with locked(home.path / LOCK):
        known = records_of(home)
        if known is None or (known.chain, known.contract) != (chain, contract):
            return
        kept = tuple(one for one in known.works if one.token != work.token)
        keep(home, Records(chain, contract, known.anchors, (*kept, work)))
