"""`luokuan doctor --studio`: each part by itself, and what is said where it is wrong."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from drafts import draft, home_with_leaf

from luokuan.cli import doctor_studio
from luokuan.cli.doctor_studio import Checked, examine, tell
from luokuan.cli.main import main
from luokuan.colophon.finish import finish
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.tables import log_entry
from luokuan.studio.serving import Place


def of(found: list[Checked], name: str) -> tuple[str, str]:
    """The worst state of a part, and all that was said of it."""
    rows = [one for one in found if one.name == name]
    worst = max(rows, key=lambda one: ("ok", "warn", "bad").index(one.state))
    return worst.state, " ".join(f"{one.what} {one.do}" for one in rows)


def look(home: Home, place: Place | None = None) -> list[Checked]:
    return examine(home, place or Place(port=0), workers=False)


def test_a_new_home_can_be_served_and_a_worker_starts(capfd: pytest.CaptureFixture[str], own_home: Path) -> None:
    assert main(["doctor", "--studio", "--port", "0", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["ready"] and {one["name"] for one in found["checks"]} == {
        "extras", "listen", "tls", "home", "disk", "database", "clock", "keys", "models", "workers",
    }  # fmt: skip
    assert not (own_home / "luokuan.db").exists() and not (own_home / "keys").exists(), "nothing is made"
    assert all(one["do"] for one in found["checks"] if one["state"] != "ok")


def test_a_home_with_works_is_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    home = open_home()
    finish(draft(), home=home)
    found = look(home)
    assert {one.state for one in found if one.name != "disk"} == {"ok"}
    assert "valid until" in of(found, "keys")[1] and "up to date" in of(found, "database")[1]
    assert tell(found, json=False, quiet=False) == 0
    assert "A studio can be served." in capfd.readouterr().out


def test_a_port_that_is_taken_and_an_open_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        state, said = of(look(open_home(), Place(port=taken.getsockname()[1])), "listen")
    assert state == "bad" and "another --port" in said
    state, said = of(look(open_home(), Place("0.0.0.0", 0)), "tls")
    assert state == "bad" and "--tls-cert" in said
    assert of(look(open_home(), Place("0.0.0.0", 0, insecure=True)), "tls")[0] == "warn"
    assert of(look(open_home(), Place(port=0, cert=Path("none"), key=Path("none"))), "tls")[0] == "bad"


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (10, "warn"), (-1, "bad")])
def test_tls_files(tmp_path: Path, days: int, state: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    end = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(end - timedelta(days=300)).not_valid_after(end).sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        private_bytes := key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    assert private_bytes
    private.chmod(0o600)
    place = Place("0.0.0.0", 0, cert, private)
    assert of(look(open_home(), place), "tls")[0] == state
    private.chmod(0o644)
    assert "chmod 600" in of(look(open_home(), place), "tls")[1]


def test_a_home_that_others_can_read(own_home: Path) -> None:
    home = open_home()
    home.path.chmod(0o755)
    state, said = of(look(home), "home")
    assert state == "bad" and "755" in said and "chmod 700" in said


def test_a_full_disk_and_a_wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home()
    finish(draft(), home=home)
    monkeypatch.setattr(doctor_studio, "LOW_DISK", 1 << 60)
    assert of(look(home), "disk")[0] == "warn"
    with open_database(home) as database, database.write() as connection:
        connection.execute(log_entry.update().values(made_at=datetime.now(UTC) + timedelta(days=2)))
    state, said = of(look(home), "clock")
    assert state == "bad" and "still to come" in said
    monkeypatch.setattr(doctor_studio, "_BUILT", datetime(2999, 1, 1, tzinfo=UTC))
    assert of(look(home), "clock")[0] == "bad"


def test_databases_that_wont_do(monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home()
    with open_database(home) as database, database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer version" in of(look(home), "database")[1]
    with _raw(home) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    state, said = of(look(home), "database")
    assert state == "warn" and "luokuan backup" in said
    for path in home.path.glob("luokuan.db*"):
        path.unlink()
    home.database.write_bytes(b"no database" * 1000)
    assert of(look(home), "database")[0] == "bad"
    monkeypatch.setenv("LUOKUAN_DATABASE", "postgresql+psycopg://nobody:secret@127.0.0.1:9/none?connect_timeout=2")
    state, said = of(look(home), "database")
    assert state == "bad" and "secret" not in said


def test_works_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home()
    assert not [one for one in look(home) if one.name == "blobs"], "they lie here"
    monkeypatch.setenv("LUOKUAN_BLOBS", "memory://doctor/place")
    assert of(look(home), "blobs")[0] == "ok"
    monkeypatch.setenv("LUOKUAN_BLOBS", "ftp://doctor/place")
    assert of(look(home), "blobs")[0] == "bad"


def _raw(home: Home):  # type: ignore[no-untyped-def]
    import contextlib
    import sqlite3

    return contextlib.closing(sqlite3.connect(home.database))


def test_keys_that_expire_and_keys_that_are_gone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = home_with_leaf(tmp_path / "short", timedelta(days=20))
    assert of(look(home), "keys")[0] == "warn"
    finish(draft(), home=home)
    (home.keys / "watermark.key").unlink()
    found = look(home)
    state, said = of(found, "keys")
    assert state == "bad" and "watermark.key" in said and "backup" in said
    assert tell(found, json=True, quiet=False) == 1
    told = json.loads(capfd.readouterr().out)
    assert told["ready"] is False


def test_a_broken_model_and_missing_starters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = open_home()
    (home.models / "broken").mkdir()
    (home.models / "broken" / "config.json").write_text("{")
    assert of(look(home), "models")[0] == "warn"
    monkeypatch.setattr("luokuan.foundation.modelfolder.STARTERS", tmp_path / "none")
    assert "come with Luokuan" in of(look(home), "models")[1]


def test_what_cant_be_looked_at_is_said_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_look: object) -> object:
        raise RuntimeError("no luck")

    monkeypatch.setattr(doctor_studio, "_disk", broken)
    monkeypatch.setattr(doctor_studio, "START", 0.0)
    found = examine(open_home(), Place(port=0))
    assert of(found, "disk") == ("bad", "This can't be looked at: RuntimeError: no luck. See what the message says.")
    assert of(found, "workers")[0] == "bad" and of(found, "models")[0] == "ok"
    monkeypatch.setattr(doctor_studio, "START", 60.0)
    monkeypatch.setattr(doctor_studio.sys, "executable", "/bin/false")
    assert of(examine(open_home(), Place(port=0)), "workers")[0] == "bad"
