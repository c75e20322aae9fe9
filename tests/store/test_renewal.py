"""Renewing, replacing and revoking: the old one or the new one, and never a mixture."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from owncerts import Office

from luokuan.errors import UserError
from luokuan.store import keys
from luokuan.store.authority import YEAR, issue, make_authority
from luokuan.store.home import Home, open_home
from luokuan.store.identity import Identity, export, find_identity, set_stamps
from luokuan.store.keys import install, signing
from luokuan.store.places import read_places
from luokuan.store.renewal import forget, revoke, rotate, rotate_authority, use
from luokuan.store.revocation import read_lists
from luokuan.store.usercert import read_owned

OFFICE = Office()


def leaf(home: Home) -> x509.Certificate:
    return x509.load_pem_x509_certificate(signing(home).chain)


def shown(home: Home) -> Identity:
    found = find_identity(home)
    assert found is not None
    return found


def secret_files(home: Home) -> set[str]:
    return {str(path.relative_to(home.keys)) for path in home.keys.rglob("*.key")} | {
        str(path.relative_to(home.keys)) for path in home.keys.rglob("key.pem")
    }


def fine(_signing: object) -> None:
    pass


def test_a_new_leaf_under_the_same_authority(home: Home) -> None:
    first = signing(home)
    before = leaf(home)
    rotate(home)
    second = signing(home)
    assert second.root == first.root and second.key != first.key
    assert leaf(home).subject == before.subject and leaf(home).serial_number != before.serial_number
    assert secret_files(home) == {"ca/root.key", "ca/intermediate.key", f"ca/leaf-{leaf(home).serial_number:x}.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.keys.rglob("*"))
    assert [one.serial for one in shown(home).earlier] == [f"{before.serial_number:x}"]
    assert shown(home).kind == "own"


def test_rotating_nothing_makes_the_first(home: Home) -> None:
    assert find_identity(home) is None
    rotate(home)
    assert shown(home).earlier == ()
    assert not (home.keys / "current.json").exists()


def test_a_new_authority_keeps_the_old_root(home: Home) -> None:
    first = signing(home)
    rotate(home)
    rotate_authority(home)
    assert signing(home).root != first.root
    assert home.root_certificate.read_bytes() == signing(home).root
    assert len(shown(home).earlier) == 2
    assert not {name for name in secret_files(home) if name.startswith("ca/leaf")}, "no old leaf's key is kept"


def test_a_new_authority_may_be_the_first(home: Home) -> None:
    rotate_authority(home)
    assert len(read_places(home).authorities) == 1
    assert signing(home) and home.root_certificate.is_file()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://me:pw@x/", "http://a b/", "x"])
def test_no_address_is_set_that_none_can_be_asked_at(home: Home, url: str) -> None:
    root = issue("s", YEAR, depth=0).certificate_pem()
    for wanted, roots in ((url, root), ("http://127.0.0.1:1/", b"")):
        with pytest.raises(UserError) as caught:
            set_stamps(home, wanted, roots)
        assert caught.value.code in ("identity.stamp_url", "identity.stamp_root")
    assert read_places(home).stamp_url == "" and read_places(home).stamp_roots == ()


def test_leaves_live_for_a_year_where_works_are_stamped(home: Home) -> None:
    signing(home)
    set_stamps(home, "http://127.0.0.1:1/", issue("s", YEAR, depth=0).certificate_pem())
    for renew in (rotate, rotate_authority):
        renew(home)
        left = leaf(home).not_valid_after_utc - datetime.now(UTC)
        assert YEAR - timedelta(minutes=1) < left <= YEAR
    set_stamps(home, "")
    assert len(read_places(home).stamp_roots) == 1, "works that were stamped go on being believed"
    rotate(home)
    assert leaf(home).not_valid_after_utc - datetime.now(UTC) > 9 * YEAR


def test_no_leaf_outlives_its_authority(home: Home) -> None:
    install(home, *make_authority("short", intermediate_life=timedelta(days=30)))
    rotate(home)
    assert leaf(home).not_valid_after_utc - datetime.now(UTC) <= timedelta(days=30)
    dead = open_home(home.path / "dead")
    install(dead, *make_authority("dead", intermediate_life=timedelta(seconds=-1)))
    with pytest.raises(UserError) as caught:
        rotate(dead)
    assert caught.value.code == "keys.expired" and "--authority" in caught.value.do
    rotate_authority(dead)
    assert signing(dead)


def test_an_expired_leaf_is_renewed(home: Home) -> None:
    install(home, *make_authority("late", leaf_life=timedelta(seconds=-1)))
    with pytest.raises(UserError, match="identity rotate"):
        signing(home)
    rotate(home)
    assert signing(home)


def test_a_clock_that_is_slow(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.store.authority._BACKDATE", timedelta(hours=-1))
    install(home, *make_authority("early"))
    monkeypatch.undo()
    with pytest.raises(UserError) as caught:
        signing(home)
    assert caught.value.code == "keys.early" and "clock" in caught.value.what


@pytest.mark.parametrize(("days", "said"), [(59, True), (61, False)])
def test_the_end_is_announced_once(home: Home, capfd: pytest.CaptureFixture[str], days: int, said: bool) -> None:
    install(home, *make_authority("ending", leaf_life=timedelta(days=days)))
    signing(home)
    signing(home)
    out = capfd.readouterr()
    text = out.out + out.err
    assert text.count("expires on") == int(said)
    assert ("luokuan identity rotate" in text) == said


def test_a_revoked_leaf_is_replaced_at_once(home: Home) -> None:
    old = leaf(home)
    entry = revoke(home, f"{old.serial_number:x}", reason="keyCompromise")
    assert leaf(home).serial_number != old.serial_number
    assert shown(home).revoked == (entry,)
    listed = read_lists((home.keys / "ca" / "crl.pem").read_bytes(), signing(home).root)
    assert [one.entries for one in listed] == [(entry,)]
    assert not (home.keys / "ca" / "leaf.key").exists()


def test_an_old_leaf_is_revoked_and_the_present_one_stays(home: Home) -> None:
    old = leaf(home)
    rotate(home)
    present = leaf(home)
    colons = ":".join(f"{byte:02X}" for byte in old.serial_number.to_bytes(20, "big"))
    revoke(home, colons, reason="superseded")
    assert leaf(home) == present


def test_a_graver_reason_may_come_later(home: Home) -> None:
    serial = f"{leaf(home).serial_number:x}"
    first = revoke(home, serial, reason="superseded", at=datetime(2026, 1, 1, tzinfo=UTC))
    second = revoke(home, serial, reason="keyCompromise")
    assert (second.reason, second.at) == ("keyCompromise", first.at)
    assert shown(home).revoked == (second,)


@pytest.mark.parametrize("which", [1, 2])
def test_a_revoked_authority_is_replaced_at_once(home: Home, which: int) -> None:
    before = signing(home)
    above = shown(home).above
    revoke(home, above[which - 1].serial, reason="cACompromise")
    assert signing(home).root != before.root
    paths = export(home, home.path / "out")
    assert paths["root"].read_bytes() == signing(home).root, "the old root is handed out no more"


def test_wrong_revocations_change_nothing(home: Home) -> None:
    before = signing(home)
    serial = f"{leaf(home).serial_number:x}"
    future = datetime.now(UTC) + timedelta(hours=1)
    for number, choices, code in (
        ("1234", {"reason": "superseded"}, "identity.serial"),
        ("zz", {"reason": "superseded"}, "identity.serial"),
        ("", {"reason": "superseded"}, "identity.serial"),
        (serial, {"reason": "certificateHold"}, "identity.reason"),
        (serial, {"reason": "superseded", "at": future}, "identity.time"),
        (serial, {"reason": "superseded", "since": future}, "identity.time"),
    ):
        with pytest.raises(UserError) as caught:
            revoke(home, number, **choices)  # type: ignore[arg-type]
        assert caught.value.code == code
    assert signing(home) == before and shown(home).revoked == ()


def test_the_authoritys_keys_may_be_away(home: Home, tmp_path: Path) -> None:
    signing(home)
    (home.keys / "ca" / "root.key").rename(tmp_path / "root.key")
    rotate(home)
    serial = f"{leaf(home).serial_number:x}"
    (home.keys / "ca" / "intermediate.key").rename(tmp_path / "intermediate.key")
    assert signing(home), "signing needs neither"
    assert export(home, tmp_path / "out").keys() == {"root", "chain"}
    for renew in (rotate, lambda place: revoke(place, serial, reason="superseded")):
        with pytest.raises(UserError) as caught:
            renew(home)
        assert caught.value.code == "identity.away"
    (tmp_path / "intermediate.key").rename(home.keys / "ca" / "intermediate.key")
    revoke(home, serial, reason="superseded")
    assert export(home, tmp_path / "out").keys() == {"root", "chain", "crl"}


def test_your_own_certificate_and_back(home: Home, tmp_path: Path) -> None:
    own = signing(home)
    owned = read_owned(*OFFICE.write(tmp_path / "a"))
    use(home, owned, fine)
    assert signing(home).chain == owned.signing.chain
    found = shown(home)
    assert (found.kind, found.leaf.subject) == ("user", "CN=Atelier")
    assert f"{owned.name}/key.pem" in secret_files(home)
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.keys.rglob("*"))
    with pytest.raises(UserError, match="only its issuer"):
        rotate(home)
    use(home, owned, fine)
    forget(home)
    assert signing(home).root == own.root and f"{owned.name}/key.pem" not in secret_files(home)
    with pytest.raises(UserError) as caught:
        forget(home)
    assert caught.value.code == "identity.own"
    revoke(home, f"{owned.serial:x}", reason="keyCompromise")
    with pytest.raises(UserError, match="was revoked"):
        use(home, owned, fine)


def test_your_own_certificate_is_revoked_while_in_use(home: Home, tmp_path: Path) -> None:
    owned = read_owned(*OFFICE.write(tmp_path / "a"))
    use(home, owned, fine)
    revoke(home, f"{owned.serial:x}", reason="keyCompromise")
    assert signing(home).chain != owned.signing.chain
    assert shown(home).kind == "own"
    assert not [name for name in secret_files(home) if name.endswith("key.pem")]


def test_a_trial_that_fails_changes_nothing(home: Home, tmp_path: Path) -> None:
    before = signing(home)

    def refused(_signing: object) -> None:
        raise UserError("no", "no", code="x")

    with pytest.raises(UserError):
        use(home, read_owned(*OFFICE.write(tmp_path / "a")), refused)
    assert signing(home) == before and [path.name for path in home.keys.iterdir()] == ["ca"]


CHANGES: dict[str, Callable[[Home, Path], object]] = {
    "rotate": lambda home, _folder: rotate(home),
    "rotate authority": lambda home, _folder: rotate_authority(home),
    "revoke": lambda home, _folder: revoke(home, f"{leaf(home).serial_number:x}", reason="superseded"),
    "use": lambda home, folder: use(home, read_owned(*OFFICE.write(folder)), fine),
    "forget": lambda home, _folder: forget(home),
}


def prepared(change: str, path: Path) -> Home:
    home = open_home(path)
    signing(home)
    if change == "forget":
        CHANGES["use"](home, path / "certs")
    else:
        rotate(home)
    return home


EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "tempfile.mkstemp")


def killed(home: Home, change: str, folder: Path, after: int) -> bool:
    """Whether a child was ended before its change was done: at file operation number ``after`` among the keys."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    left, keys_folder = after, str(home.keys)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event in EVENTS or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))  # type: ignore[operator]
        if writes and str(arguments[0]).startswith(keys_folder + "/"):
            left -= 1
            if left < 0:
                os._exit(9)

    sys.addaudithook(hook)
    try:
        CHANGES[change](home, folder)
    except BaseException:
        os._exit(1)
    os._exit(0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_is_killed_leaves_the_old_or_the_new(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _handle: None)  # a process dies here, not the machine
    seen = set()
    for after in range(200):
        home = prepared(change, tmp_path / str(after))
        before, revoked = leaf(home), shown(home).revoked
        alive = not killed(home, change, tmp_path / f"new{after}", after)
        now = leaf(home)  # raises where key and certificate, or certificate and authority, don't belong together
        seen.add(now == before)
        assert (shown(home).revoked == revoked) == (now == before or change != "revoke")
        assert export(home, home.path / "out")
        if change in ("rotate", "revoke"):
            rotate(home)
            assert len([name for name in secret_files(home) if "leaf" in name]) == 1, "the keys of before are removed"
        if alive:
            break
    assert alive and after > 5 and seen == {True, False}


@pytest.mark.parametrize("change", CHANGES)
def test_a_full_disk_leaves_the_old_or_the_new(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync
    for after in range(60):
        home = prepared(change, tmp_path / str(after))
        before, left = leaf(home), after

        def full(handle: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(handle)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            try:
                CHANGES[change](home, tmp_path / f"new{after}")
            except UserError as error:
                assert error.code == "disk.full"
            else:
                break
        assert leaf(home) and (after > 0 or leaf(home) == before)
        assert not list(home.keys.rglob("*.part"))
    assert left >= 0 and leaf(home) != before


def test_many_at_once(home: Home) -> None:
    signing(home)
    errors: list[BaseException] = []

    def work(rotates: bool) -> None:
        try:
            for _turn in range(6):
                rotate(home) if rotates else signing(home)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(index % 2 == 0,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(shown(home).earlier) == 18
    assert len([name for name in secret_files(home) if "leaf" in name]) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b'{"version": 2}', b"\xff", b"[" * 100_000,
     b'{"version":1,"authority":"../x","authorities":["../x"],"leaf":"","user":"","users":[],"stamp_url":"",'
     b'"stamp_roots":[],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"../../x","user":"","users":[],"stamp_url":"",'
     b'"stamp_roots":[],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"x","users":[],"stamp_url":"",'
     b'"stamp_roots":[],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"","users":[],"stamp_url":7,'
     b'"stamp_roots":[],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"","users":[],"stamp_url":"file:///x",'
     b'"stamp_roots":[],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"","users":[],"stamp_url":"",'
     b'"stamp_roots":["x"],"revoked":[]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"","users":[],"stamp_url":"",'
     b'"stamp_roots":[],"revoked":[{"serial":"1","reason":"x","at":"2026-01-01T00:00:00Z","since":null}]}',
     b'{"version":1,"authority":"ca","authorities":["ca"],"leaf":"","user":"","users":[],"stamp_url":"",'
     b'"stamp_roots":[],"revoked":[{"serial":"1","reason":"superseded","at":"2026-01-01","since":null}]}'],
)  # fmt: skip
def test_a_damaged_file_of_what_is_in_use_is_named(home: Home, data: bytes) -> None:
    signing(home)
    (home.keys / "current.json").write_bytes(data)
    for look in (signing, find_identity, rotate, rotate_authority):
        with pytest.raises(UserError) as caught:
            look(home)
        assert caught.value.code == "keys.damaged" and "current.json" in caught.value.what
    assert home.root_certificate.parent.parent == home.keys, "no name leads out of the folder of keys"


def test_a_revoked_certificate_that_a_backup_brings_back_signs_nothing(home: Home) -> None:
    old = leaf(home)
    kept = (home.keys / "ca" / "leaf.key").read_bytes()
    revoke(home, f"{old.serial_number:x}", reason="keyCompromise")
    (home.keys / "ca" / "leaf.key").write_bytes(kept)
    (home.keys / "ca" / "leaf.key").chmod(0o600)
    path = home.keys / "current.json"
    path.write_text(path.read_text().replace(read_places(home).leaf, ""))
    with pytest.raises(UserError) as caught:
        signing(home)
    assert caught.value.code == "keys.revoked"


def test_an_authority_that_was_taken_away_is_made_anew(home: Home, tmp_path: Path) -> None:
    rotate(home)
    rotate(home)
    (home.keys / "ca").rename(tmp_path / "ca")
    assert find_identity(home) is None
    assert signing(home) and signing(home) == signing(home)
    assert keys.leaf_file(read_places(home)) == "leaf"
