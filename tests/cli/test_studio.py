"""`luokuan studio`: keys and links; a real server."""

from __future__ import annotations

import json
import re
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from people import PASSWORD
from serving import served

from luokuan.cli import studio
from luokuan.cli.main import main
from luokuan.store import apikeys
from luokuan.store.database import open_database
from luokuan.store.home import open_home
from luokuan.studio.guard import tokens


def test_a_key_is_printed_once_and_kept_as_a_digest(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["studio", "key", "--name", "backup", "--role", "viewer", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["name"], found["role"], found["scopes"]) == ("backup", "viewer", ["models:read", "works:read"])
    key_id, secret = tokens.split_key(found["key"]) or ("", "")
    with open_database(open_home()) as database, database.read() as connection:
        row = apikeys.find_key(connection, key_id)
    assert row is not None and row.valid(datetime.now(UTC)) and tokens.same(secret, row.digest)
    assert secret not in open_home().database.read_bytes().decode("latin-1")
    assert main(["studio", "key", "--name", "all", "--role", "admin"]) == 0
    assert capfd.readouterr().out.startswith("lk-")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["key", "--name", ""], "needs a name"),
        (["key", "--name", "x", "--role", "king"], "no role"),
        (["key", "--name", "x", "--scope", "everything"], "nothing that a key can be for"),
        (["key", "--name", "x", "--user", "nobody"], "no account"),
        (["key", "--name", "x", "--user", "../x"], "can't be the name"),
        (["link", "--user", "nobody"], "no account"),
        (["--host", "0.0.0.0"], "without TLS"),
        (["--tls-cert", "cert.pem"], "a certificate and its key"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "can't be used as a certificate"),
        (["--host", "203.0.113.1", "--insecure"], "can't listen"),
        (["--host", "no such host"], "without TLS"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments: list[str], says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["studio", *arguments]) == 2
    err = capfd.readouterr().err
    assert says in err and "Traceback" not in err and err.count("\n") == 1


def test_without_its_packages_one_sentence(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(studio, "NEEDED", ("fastapi", "no_such_package_here"))
    for arguments in ([], ["key", "--name", "x"], ["link"]):
        assert main(["studio", *arguments]) == 2
        assert "pip install 'luokuan[studio]'" in capfd.readouterr().err


def test_a_real_server_from_the_first_link_to_the_end(tmp_path: Path) -> None:
    open_database(open_home()).close()  # migrations are made once in a home's life
    began = time.monotonic()
    with served() as (told, process), httpx.Client(base_url=told["address"], timeout=60) as client:
        assert client.get("/healthz").status_code == 200
        used = sum(psutil.Process(process.pid).cpu_times()[:2])
        assert used < 4, f"{used} seconds of computing until the first answer; {time.monotonic() - began} on the clock"
        page = client.get(told["link"])
        token = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert token is not None
        form = {"csrf": token[1], "password": PASSWORD, "again": PASSWORD}
        assert client.post(told["link"], data=form).status_code == 303
        assert client.get("/library").status_code == 200
        memory = psutil.Process(process.pid).memory_info().rss
        assert memory < 150 << 20, f"{memory >> 20} MiB"
        maps = Path(f"/proc/{process.pid}/maps")
        if maps.exists():
            loaded = maps.read_text()
            assert "libtorch" not in loaded and "scipy" not in loaded and "/numpy/" not in loaded
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM, 130, 143)
    assert "path=/welcome/{token}" in err and "path=/library" in err
    assert told["link"].rsplit("/", 1)[1] not in err and PASSWORD not in err and "luokuan_session" not in err
    with served() as (told, _process):
        assert told["link"] is None, "the administrator has a password"


def test_nonsense_on_the_wire_doesnt_end_the_server() -> None:
    import socket
    from urllib.parse import urlsplit

    with served() as (told, process):
        port = urlsplit(told["address"]).port
        assert port is not None
        wrong = (
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n",
            b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: localhost\r\ncookie: " + b"a" * 100_000 + b"\r\n\r\n",
            b"POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
            b"POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00",
        )  # fmt: skip
        for text in wrong:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
                wire.sendall(text)
                wire.shutdown(socket.SHUT_WR)
                answer = wire.recv(200)
                assert not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 5")), text
        assert httpx.get(f"{told['address']}/healthz", timeout=60).status_code == 200
        assert process.poll() is None


def test_it_speaks_tls(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from owncerts import KEYS, Office

    private, plain = KEYS["es256"](), serialization.NoEncryption()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(Office().issue(private).public_bytes(serialization.Encoding.PEM))
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    with served("--tls-cert", str(cert), "--tls-key", str(key)) as (told, _process):
        assert told["address"].startswith("https://")
        answer = httpx.get(f"{told['address']}/login", verify=False, timeout=60)
        assert answer.headers["strict-transport-security"] and "__Host-luokuan_visit" in answer.headers["set-cookie"]
