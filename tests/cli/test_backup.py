"""`luokuan backup` and `luokuan restore`."""

from __future__ import annotations

import io
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import draft, text_draft
from people import AT, PASSWORD, make_account

from luokuan.cli.main import main
from luokuan.colophon.derive import finish_again
from luokuan.colophon.erasure import erase_work
from luokuan.colophon.finish import finish
from luokuan.colophon.lineage import lineage_of
from luokuan.colophon.tlog.service import audited
from luokuan.colophon.verification import verify_files
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.media import Picture
from luokuan.store import claims, jobs, tables
from luokuan.store.backup import making, seal
from luokuan.store.backup.manifest import NAME, parse_manifest
from luokuan.store.backup.restoring import restore
from luokuan.store.backup.tar import Writer, parts
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database, open_database
from luokuan.store.events import insert_event
from luokuan.store.home import Home, open_home
from luokuan.store.jobs import Order
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs
from luokuan.studio import people

PASSPHRASE = "four words of no sense"
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "_COST", 2**10)
    monkeypatch.setattr(making, "_PAUSE", 0.0)
    monkeypatch.setenv("LUOKUAN_PASSPHRASE", PASSPHRASE)


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    assert main([*arguments, "--json"]) == 0, capfd.readouterr()
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The code of the error with which it ends."""
    assert main([*arguments, "--json"]) == 2
    code: str = json.loads(capfd.readouterr().out)["error"]["code"]
    return code


def fill(home: Home, database: Database) -> tuple[str, str]:
    """Ids of a work and of a copy of it; with it a text, somebody, a running job, a model and a corpus."""
    first = finish(draft(), home=home)
    copy = finish_again(first.id, home=home)
    ada = make_account(database, "ada")
    finish(text_draft(), home=home, media_type="text/plain", owner=ada.id)
    with database.write() as connection:
        jobs.insert(connection, Order(ada.id, "create.image", {"seed": 2**53 - 1, "words": "词"}))
        assert claims.claim(connection, "worker", lease=600) is not None
        insert_event(connection, at=AT, account_id=ada.id, action="login", subject="ada")
    people.begin_session(database, ada, AT, people.timedelta(days=1))
    (home.models / "mine").mkdir()
    (home.models / "mine" / "config.json").write_text("{}")
    (home.models / ".left.part").mkdir()
    (home.models / ".left.part" / "half").write_text("")
    deep = home.corpora / "词" / "深"
    deep.mkdir(parents=True)
    (deep / ("名" * 80)).write_text("山高月小")
    (deep / "link").symlink_to("/etc/passwd")
    inputs = home.cache / "inputs"
    inputs.mkdir()
    (inputs / ("a" * 64)).write_bytes(b"brought")
    return first.id, copy.id


def counts(home: Home) -> dict[str, int]:
    """Rows of each table."""
    with open_database(home) as opened, opened.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def paths_of(home: Home) -> list[Path]:
    with open_database(home) as opened, opened.read() as connection:
        rows = connection.execute(sa.select(tables.work.c.blob_sha256).where(tables.work.c.media_type == "image/png"))
        return [Blobs(home).path(sha256) for sha256 in rows.scalars()]


def test_a_home_comes_back_as_it_was_and_its_log_names_the_old_one(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home()
    first, copy = fill(home, database)
    made = said(capfd, "backup", str(tmp_path / "b.tar"))
    assert (made["works"], made["files"], made["keys"]) == (3, 3, True) and made["missing"] == made["changed"] == []
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "home"], "nothing is left beside it"
    before = counts(home)
    old = audited().entries
    # From either database into the other kind as well: here always into SQLite.
    monkeypatch.delenv("LUOKUAN_DATABASE", raising=False)
    back = open_home(tmp_path / "back") and Home(tmp_path / "back")
    done = said(capfd, "restore", str(tmp_path / "b.tar"), "--into", str(back.path))
    assert (done["works"], done["files"], done["keys"], done["missing"]) == (3, 3, True, [])
    monkeypatch.setenv("LUOKUAN_HOME", str(back.path))
    after = counts(back)
    assert after.pop("log_head") == 2 and after.pop("log_entry") == before["log_entry"] + 1 and after.pop("log_node")
    assert after == {**{name: before[name] for name in after}, "session": 0, "link": 0}
    found = audited()
    assert found.problem is None and (found.logs, found.entries) == (2, old + 1)
    verdicts = list(verify_files(paths_of(back), back))
    assert {one.verdict for one in verdicts} == {"ours"} and {one.work for one in verdicts} == {first, copy}
    assert first in {node.title for node in lineage_of(copy, back).nodes.values()}
    assert isinstance(Masters(back).get(first, Picture), Picture)
    assert next(back.corpora.rglob("名*")).read_text() == "山高月小" and not list(back.path.rglob("link"))
    assert (back.cache / "inputs" / ("a" * 64)).read_bytes() == b"brought"
    assert not list(back.path.rglob(".left*")) and not list(back.path.rglob(".stage"))
    assert back.path.stat().st_mode & 0o077 == 0 and (back.keys / "watermark.key").stat().st_mode & 0o077 == 0
    with open_database(back) as opened:
        assert people.by_password(opened, "ada", PASSWORD, AT, address="x") is not None
        with opened.read() as connection:
            (job,) = jobs.page(connection)
    assert (job.state, job.brief) == ("running", {"seed": 2**53 - 1, "words": "词"}), (
        "its lease ends, and it is tried again"
    )
    assert finish(draft(9), home=back).id and audited().problem is None


def test_into_postgresql_and_its_counters_go_on(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.engine.dialect.name != "postgresql":
        pytest.skip("the other direction is tested above")
    elsewhere = str(database.engine.url.render_as_string(hide_password=False))
    monkeypatch.delenv("LUOKUAN_DATABASE")
    home = open_home()
    with open_database(home) as lite:
        fill(home, lite)
    said(capfd, "backup", str(tmp_path / "b.tar"), "--no-models")
    monkeypatch.setenv("LUOKUAN_DATABASE", elsewhere)
    assert refused(capfd, "restore", str(tmp_path / "b.tar"), "--into", str(tmp_path / "back")) == "backup.used"
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    done = said(capfd, "restore", str(tmp_path / "b.tar"), "--into", str(tmp_path / "back"))
    back = Home(tmp_path / "back")
    assert done["works"] == 3 and not back.database.exists() and not list(back.models.iterdir())
    with open_database(back) as opened, opened.write() as connection:
        row = connection.execute(sa.select(tables.job.c.number)).scalar_one()
        insert_event(connection, at=AT, account_id=None, action="login")
        assert jobs.insert(connection, Order("a", "create.image", {})).number > row
    assert audited(back.path).problem is None and finish(draft(3), home=back).id


def test_without_keys_with_a_wrong_passphrase_and_where_a_home_is(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "b.tar")
    assert refused(capfd, "backup", out) == "home.missing"
    home = open_home(own_home)
    finish(draft(), home=home)
    assert refused(capfd, "backup", str(own_home / "b.tar")) == "backup.place"
    said(capfd, "backup", out)
    assert refused(capfd, "restore", out) == "backup.used", "the home is there"
    monkeypatch.setenv("LUOKUAN_PASSPHRASE", "another one of these")
    assert refused(capfd, "restore", out, "--into", str(tmp_path / "x")) == "backup.passphrase"
    (tmp_path / "pass").write_text(PASSPHRASE + "\n")
    assert said(capfd, "restore", out, "--into", str(tmp_path / "y"), "--passphrase-file", str(tmp_path / "pass"))[
        "keys"
    ]
    for text in ("", "\xff"):
        (tmp_path / "pass").write_text(text, encoding="latin-1")
        assert refused(capfd, "backup", out, "--passphrase-file", str(tmp_path / "pass")) == "backup.passphrase"
    monkeypatch.setenv("LUOKUAN_PASSPHRASE", "short")
    assert refused(capfd, "backup", out) == "backup.passphrase"
    monkeypatch.delenv("LUOKUAN_PASSPHRASE")
    assert main(["backup", out]) == 0
    assert "keys are left out" in capfd.readouterr().err
    assert main(["restore", out, "--into", str(tmp_path / "z")]) == 0
    heard = capfd.readouterr()
    assert "signs as somebody new" in heard.err and "names the old one" in heard.out
    assert b"PRIVATE KEY" not in Path(out).read_bytes()
    back = Home(tmp_path / "z")
    assert audited(back.path).problem is None and finish(draft(2), home=back).id
    assert not (tmp_path / "x").exists() and sorted(one.name for one in tmp_path.iterdir()) == [
        "b.tar",
        "home",
        "pass",
        "y",
        "z",
    ]
    assert refused(capfd, "restore", str(tmp_path / "none"), "--into", str(tmp_path / "x")) == "backup.missing"


def test_while_works_are_made_and_erased_each_backup_is_one_state(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home, stop = open_home(own_home), threading.Event()
    gone = finish(draft(), home=home)

    def work() -> None:
        number = 1
        while not stop.is_set():
            finish(draft(number), home=home)
            number += 1
            if number == 4:
                with open_database(home) as opened:
                    erase_work(home, opened, gone.id)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(4):
            made = said(capfd, "backup", str(tmp_path / f"{number}.tar"), "--no-keys")
            assert made["missing"] == []
    finally:
        stop.set()
        thread.join()
    for number in range(4):
        back = tmp_path / f"back{number}"
        done = said(capfd, "restore", str(tmp_path / f"{number}.tar"), "--into", str(back))
        assert done["missing"] == [] and audited(back).problem is None
        with open_database(Home(back)) as opened, opened.read() as connection:
            kept = {path.name for path in Home(back).blobs.glob("??/*")}
            assert kept == known_blobs(connection, whole=True)


def test_a_home_that_has_lost_bytes_is_kept_all_the_same(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = open_home(own_home)
    lost, changed, _kept = (finish(draft(seed), home=home) for seed in range(3))
    Blobs(home).path(lost.sha256).unlink()
    Blobs(home).path(changed.sha256).write_bytes(b"changed")
    made = said(capfd, "backup", str(tmp_path / "b.tar"))
    assert made["missing"] == sorted((lost.sha256, changed.sha256))
    done = said(capfd, "restore", str(tmp_path / "b.tar"), "--into", str(tmp_path / "back"))
    assert done["missing"] == made["missing"] and done["works"] == 3


def members(path: Path) -> list[tuple[str, bytes]]:
    with path.open("rb") as stream:
        return [(part.name, part.read(-1)) for part in parts(stream)]


def written(path: Path, wanted: list[tuple[str, bytes]], **changes: Any) -> str:
    """An archive of these members, with a list that fits them but for ``changes``."""
    listed = next(data for name, data in wanted if NAME.fullmatch(name))
    values = json.loads(listed)
    with path.open("wb") as stream:
        writer = Writer(stream)
        kept = [writer.add(name, len(data), io.BytesIO(data)) for name, data in wanted if not NAME.fullmatch(name)]
        values["members"] = [[one.name, one.size, one.sha256] for one in kept]
        data = json.dumps({**values, **changes}).encode()
        writer.add(f"manifest/{sha256_bytes(data)}.json", len(data), io.BytesIO(data))
        writer.end()
    return str(path)


def test_damaged_and_hostile_archives_restore_nothing(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = open_home(own_home)
    finish(draft(), home=home)
    (home.models / "mine").mkdir()
    (home.models / "mine" / "config.json").write_text("{}")
    out = tmp_path / "b.tar"
    said(capfd, "backup", str(out))
    whole, good = members(out), out.read_bytes()
    evil, into = tmp_path / "evil.tar", str(tmp_path / "back")
    assert said(capfd, "restore", written(evil, whole), "--into", str(tmp_path / "fine"))["works"] == 1, (
        "it can be built"
    )

    def tried(code: str) -> None:
        with pytest.raises(UserError) as caught:
            restore(evil, Path(into), passphrase=PASSPHRASE)
        assert caught.value.code == code
        assert not Path(into).exists() and not list(tmp_path.glob(".*"))

    # A bit in any member, and ends at any place.
    for place in range(700, len(good), max(1, len(good) // 20)):
        if good[place]:
            evil.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
            tried("backup.damaged")
    for length in (0, 511, len(good) // 2, len(good) - 1100):
        evil.write_bytes(good[:length])
        tried("backup.damaged")
    rows = dict(whole)["rows/work.jsonl"]
    account = {"id": "0" * 16, "name": "a", "nothing": 1}
    (folder,) = (name for name, _data in whole if name.startswith("folders/"))
    for added, changes in (
        ([("blobs/../../x", b"")], {}),
        ([("/etc/x", b"")], {}),
        ([("keys/ca/root.key", b"")], {}),
        ([whole[0]], {}),
        ([("rows/nothing.jsonl", b"{}\n")], {}),
        ([("rows/alembic_version.jsonl", b'{"version_num": "9999"}\n')], {}),
        ([("rows/session.jsonl", b"[" * 100_000)], {}),
        ([("rows/link.jsonl", json.dumps(account).encode())], {}),
        ([], {"paths": {folder: "../../../evil"}}),
        ([], {"paths": {folder: "keys/log.key"}}),
        ([], {"paths": {"folders/none": "models/a/b"}}),
        ([], {"paths": {folder: "models/a", whole[-2][0]: "models/a/b"}}),
        ([], {"members": []}),
        ([], {"keys": False}),
    ):  # fmt: skip
        written(evil, [*added, *whole], **changes)
        tried("backup.damaged")
    for changes in ({"schema": "9999"}, {"format": 99}):
        written(evil, whole, **changes)
        tried("backup.newer")
    other = rows.replace(b'"image"', b'"\\u0000"').replace(b"created_at", b"created_on")
    written(evil, [(name, other if name == "rows/work.jsonl" else data) for name, data in whole])
    tried("backup.damaged")
    assert parse_manifest(whole[-1][1]).works == 1 and not (tmp_path.parent / "evil").exists()


def test_rows_of_an_older_luokuan_are_brought_up_to_date(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = open_home(own_home)
    first = finish(draft(), home=home)
    said(capfd, "backup", str(tmp_path / "b.tar"))
    old = (
        "work",
        "feedback",
        "log_head",
        "log_entry",
        "log_node",
        "waiver",
        "waiver_permission",
        "ingredient",
        "fingerprint",
    )
    kept = [
        (name, data) for name, data in members(tmp_path / "b.tar") if not name.startswith("rows/") or name[5:-6] in old
    ]
    written(tmp_path / "old.tar", kept, schema="0007")
    assert said(capfd, "restore", str(tmp_path / "old.tar"), "--into", str(tmp_path / "back"))["works"] == 1
    back = Home(tmp_path / "back")
    assert counts(back)["account"] == 0 and Blobs(back).get(first.sha256) == first.data
    assert audited(back.path).problem is None


@contextmanager
def no_room(most: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = open_home(own_home)
    finish(draft(), home=home)
    (home.models / "large").mkdir()
    (home.models / "large" / "weights").write_bytes(bytes(3 << 20))
    out = tmp_path / "b.tar"
    with no_room(1 << 20):
        code = refused(capfd, "backup", str(out))
    assert code == "disk.full" and not out.exists() and not list(tmp_path.glob(".*"))
    said(capfd, "backup", str(out))
    for most in (2 << 20, 100 << 10, 4 << 10):
        with no_room(most):
            code = refused(capfd, "restore", str(out), "--into", str(tmp_path / "back"))
        assert code == "disk.full" and not (tmp_path / "back").exists() and not list(tmp_path.glob(".*"))
    assert said(capfd, "restore", str(out), "--into", str(tmp_path / "back"))["works"] == 1


KILLED = """
import os, signal, sys
from luokuan.store.backup import rows, seal
seal._COST = 2 ** 10
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
rows.dump = rows.load = die
from luokuan.cli.main import main
main(sys.argv[1:])
"""


def test_killed_in_the_middle_nothing_half_is_taken_for_whole(
    tmp_path: Path, own_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    finish(draft(), home=open_home(own_home))
    out, back = tmp_path / "b.tar", tmp_path / "back"

    def killed(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False).returncode

    assert killed("backup", str(out)) == -signal.SIGKILL and not out.exists()
    said(capfd, "backup", str(out))
    before = out.read_bytes()
    assert killed("backup", str(out)) == -signal.SIGKILL and out.read_bytes() == before
    assert killed("restore", str(out), "--into", str(back)) == -signal.SIGKILL and not back.exists()
    assert said(capfd, "restore", str(out), "--into", str(back))["works"] == 1
