"""What `luokuan verify` says of a proof beside a file, and of the home's own log. It never changes the verdict."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from drafts import draft, text_draft

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.tlog import log, note
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.proof import MAX_PROOF, Proof, prove_work
from luokuan.colophon.verification import verify_file, verify_folder
from luokuan.errors import UserError
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import recent_works


@pytest.fixture
def picture(home: Home, tmp_path: Path) -> Path:
    """A picture with its proof beside it."""
    work = export_work(finish(draft(), home=home), tmp_path / "a.png")
    (tmp_path / "a.png.proof").write_bytes(work.proof)
    return tmp_path / "a.png"


def said(path: Path, home: Home | None, words: str) -> bool:
    found = verify_file(path, home)
    assert found.verdict == ("ours" if home is None or home.path.name == "home" else "unknown_signer")
    return any(words in line for line in found.evidence)


def test_the_proof_beside_a_file_of_ours(home: Home, picture: Path) -> None:
    assert said(picture, home, "Entry 0 of the log luokuan/")
    assert said(picture, home, "signed with this home's own log key")
    home.database.unlink(missing_ok=True)  # on PostgreSQL there is none
    assert said(picture, home, "own log key"), "the key is enough"


def test_a_stranger_learns_what_the_proof_says_and_that_nobody_vouches(picture: Path, tmp_path: Path) -> None:
    stranger = open_home(tmp_path / "stranger")
    assert said(picture, stranger, "included in a checkpoint of 1 entries")
    assert said(picture, stranger, "nobody vouches for the log's key")


def test_who_trusts_the_signer_trusts_the_logs_key(home: Home, picture: Path, tmp_path: Path) -> None:
    stranger = open_home(tmp_path / "stranger")
    found = verify_file(picture, stranger, [home.root_certificate])
    assert found.verdict == "trusted" and found.log is not None
    assert f"Its manifest says that it is entered in the log {found.log}." in found.evidence
    assert any("the key that the signer names in the manifest" in line for line in found.evidence)
    elsewhere = _entered_elsewhere(home, found.work or "", "luokuan/0123456789abcdef")
    picture.with_name("a.png.proof").write_bytes(elsewhere.to_bytes())
    found = verify_file(picture, stranger, [home.root_certificate])
    assert any("another log than the one that its manifest names" in line for line in found.evidence)


def test_a_log_that_begins_anew_meanwhile_takes_no_work_that_names_the_old_one(home: Home) -> None:
    finish(draft(), home=home)

    def moved(connection: sa.Connection) -> None:
        log.begin(connection, home)

    with pytest.raises(UserError) as caught:
        finish(draft(), home=home, at_commit=moved)
    assert caught.value.code == "log.moved"
    with open_database(home) as database, database.read() as connection:
        assert audit(connection, home).problem is None
        assert len(recent_works(connection)) == 1


def test_without_a_proof_the_home_asks_its_own_log(home: Home, picture: Path) -> None:
    picture.with_name("a.png.proof").unlink()
    for _number in range(2):
        finish(draft(), home=home)
    assert said(picture, home, "Entry 0 of this home's log luokuan/")
    assert said(picture, home, "checkpoint of 3 entries")
    with open_database(home) as database, database.write() as connection:
        connection.execute(sa.text("UPDATE log_node SET hash = :zero WHERE position = 1"), {"zero": bytes(32)})
    assert said(picture, home, "log is damaged")


def test_the_proof_of_another_file_is_for_other_bytes(home: Home, picture: Path) -> None:
    other = finish(draft(seed=1), home=home)
    picture.with_name("a.png.proof").write_bytes(other.proof)
    assert said(picture, home, "The proof beside it is for other bytes.")


def test_a_text_has_its_proof_among_its_sidecars(home: Home, tmp_path: Path) -> None:
    export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "out" / "t.txt")
    assert said(tmp_path / "out" / "t.txt", home, "Entry 0 of the log")
    assert [verdict.path.name for verdict in verify_folder(tmp_path / "out")] == ["t.txt"], "a proof is no work"


def _entered_elsewhere(home: Home, work_id: str, origin: str | None = None) -> Proof:
    """The proof of a work in a log of somebody else's, who may name it as he likes."""
    with open_database(home) as database, database.read() as connection:
        proof = prove_work(connection, work_id)
    assert proof is not None
    theirs, found = Ed25519PrivateKey.generate(), proof.checkpoint
    name = origin or found.origin
    forged = replace(
        proof,
        checkpoint=note.signed(name, found.size, found.root, theirs),
        key=note.LogKey(name, theirs.public_key().public_bytes_raw()),
    )
    assert forged.sound
    return forged


def test_a_proof_of_the_same_name_by_another_key_is_a_strangers(home: Home, picture: Path, tmp_path: Path) -> None:
    """Somebody enters our bytes into a log of their own, under our log's name."""
    forged = _entered_elsewhere(home, verify_file(picture, home).work or "")
    picture.with_name("a.png.proof").write_bytes(forged.to_bytes())
    assert said(picture, home, "nobody vouches for the log's key")


HOSTILE = {
    "garbage": (b"\xff\x00garbage", "can't be read"),
    "empty": (b"", "can't be read"),
    "huge": (b"c2sp.org/tlog-proof@v1\n" + b"x" * MAX_PROOF, ""),
    "deep": (b"c2sp.org/tlog-proof@v1\nextra " + b"W1tb" * 8000 + b"\nindex 0\n\no\n1\n", "can't be read"),
    "escapes": (b"\x1b[2J\x07", "can't be read"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_proofs_take_nothing_from_the_verdict(home: Home, picture: Path, name: str) -> None:
    data, words = HOSTILE[name]
    picture.with_name("a.png.proof").write_bytes(data)
    assert said(picture, home, words)
    assert not any("\x1b" in line for line in verify_file(picture, home).evidence)


def test_what_is_no_file_is_no_proof(home: Home, picture: Path) -> None:
    beside = picture.with_name("a.png.proof")
    beside.unlink()
    os.mkfifo(beside)
    assert said(picture, home, "this home's log")
    beside.unlink()
    beside.mkdir()
    assert said(picture, home, "this home's log")


def test_a_damaged_proof_is_told(home: Home, picture: Path) -> None:
    beside = picture.with_name("a.png.proof")
    beside.write_text(beside.read_text().replace("index 0", "index 1"))
    assert said(picture, home, "doesn't hold")


def test_a_proof_beside_a_stranger_s_plain_file_is_for_other_bytes(home: Home, picture: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("nothing of ours")
    shutil.copy(picture.with_name("a.png.proof"), tmp_path / "plain.txt.proof")
    found = verify_file(plain, home)
    assert found.verdict == "nothing_found"
    assert "The proof beside it is for other bytes." in found.evidence
