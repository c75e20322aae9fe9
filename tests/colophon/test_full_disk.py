"""A disk that is full, from any moment of finish() on: one sentence, nothing half-written, and with room it goes on."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import draft, sound_draft, text_draft
from onpostgres import CHOSEN, about_sqlite

from luokuan.colophon import ffmpeg
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.verification import verify_files
from luokuan.errors import UserError
from luokuan.media import Picture, Sound, Text
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.masters import Masters
from luokuan.store.works import known_blobs, recent_works

CALLS: tuple[tuple[Any, str], ...] = (
    (tempfile, "mkstemp"),
    (tempfile, "mkdtemp"),
    (os, "fsync"),
    (Path, "write_bytes"),
    (Path, "touch"),
    (Path, "mkdir"),
    (Path, "replace"),
    (Path, "rename"),
)
"""What asks the disk for room; a file's bytes are asked for with their fsync. SQLite asks by itself: see below."""


@contextmanager
def room_for(calls: int) -> Iterator[list[str]]:
    """A disk that is full after so many calls, and stays so. Yields the names of the calls."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:

            def counted(*given: Any, name: str, real: Callable[..., Any], **more: Any) -> Any:
                made.append(name)
                if len(made) > calls:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return real(*given, **more)

            patch.setattr(
                owner,
                name,
                (partialmethod if owner is Path else partial)(counted, name=name, real=getattr(owner, name)),
            )
        yield made


def calls_of(action: Callable[[], object]) -> list[str]:
    """The calls that an action makes when there is room for all."""
    with room_for(1 << 30) as made:
        action()
    return made


def check_home(home: Home, works: int, kind: type[Picture] | type[Text] | type[Sound]) -> None:
    """The database is sound and knows so many works; what has a name is whole; of unfinished files none is left."""
    with open_database(home) as database, database.read() as connection:
        assert CHOSEN or connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        rows, known = recent_works(connection), known_blobs(connection)
    assert len(rows) == works
    blobs, masters = Blobs(home), Masters(home)
    for path in home.blobs.glob("??/*"):
        assert blobs.get(path.name), "whole, or not there"
    assert known <= {path.name for path in home.blobs.glob("??/*")}
    for path in home.masters.glob("??/*"):
        assert masters.get(path.name, kind)
    assert {row.id for row in rows} <= {path.name for path in home.masters.glob("??/*")}
    assert not list(home.path.rglob("*.part"))


@pytest.mark.parametrize("fresh", [True, False], ids=["the first work", "another work"])
def test_full_at_any_file_that_finish_writes(tmp_path: Path, fresh: bool) -> None:
    def run(home: Home) -> None:
        finish(text_draft(), home=home, media_type="text/plain")

    def opened(name: str) -> Home:
        home = open_home(tmp_path / name)
        if not fresh:
            run(home)
        return home

    home = opened("counted")
    calls = calls_of(lambda: run(home))
    assert {"mkstemp", "fsync", "replace", "write_bytes"} <= set(calls)
    assert len(calls) > (50 if fresh else 15)
    refused = 0
    home = opened("home")
    for room in range(len(calls)):
        home = open_home(tmp_path / f"home-{room}") if fresh else home
        with open_database(home) as database, database.read() as connection:
            before = len(recent_works(connection))
        done = False
        with room_for(room):
            try:
                run(home)
                done = True  # the work was there before: only the copy of the checkpoint or the sweep had no room
            except UserError as error:
                refused += 1
                assert error.code == "disk.full", calls[room]
        check_home(home, before + done, Text)
        if room % 5 == 0:
            run(home)
            check_home(home, before + done + 1, Text)
    assert refused > len(calls) // 2


@about_sqlite("its pages are counted")
def test_full_at_any_page_of_the_database(tmp_path: Path) -> None:
    @contextmanager
    def pages(most: int) -> Iterator[None]:
        def limit(connection: Any, _record: Any) -> None:
            if isinstance(connection, sqlite3.Connection):
                connection.execute(f"PRAGMA max_page_count = {most}")

        sa.event.listen(sa.Engine, "connect", limit)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "connect", limit)

    words, refused, most = "word " * 3000, 0, 1
    while True:
        home = open_home(tmp_path / str(most))
        with pages(most):
            try:
                finish(text_draft(words), home=home, media_type="text/plain")
                break
            except UserError as error:
                refused += 1
                assert error.code == "disk.full"
        check_home(home, 0, Text)
        finish(text_draft(words), home=home, media_type="text/plain")
        check_home(home, 1, Text)
        most += 8
    assert refused > 3, "in migrations as well as in the work's own transaction"


def test_full_while_a_picture_is_finished(home: Home) -> None:
    finish(draft(), home=home)
    calls = calls_of(lambda: finish(draft(), home=home))
    for room in range(0, len(calls), 6):
        with room_for(room), suppress(UserError):
            finish(draft(), home=home)
    with open_database(home) as database, database.read() as connection:
        works = len(recent_works(connection))
    check_home(home, works, Picture)


def test_full_where_ffmpeg_writes(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silence = ["-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "pipe:0", "-f", "wav", "/dev/full"]
    for call in (lambda: ffmpeg.run(silence, bytes(1 << 16)), lambda: ffmpeg.feed(silence, [bytes(1 << 16)])):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == "disk.full"
    full = tmp_path / "ffmpeg"  # a disk that is full for it alone; what it says is what it really says
    full.write_text("#!/bin/sh\necho 'pipe:1: No space left on device' >&2\nexit 228\n", encoding="utf-8")
    full.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "find", lambda: str(full))
    with pytest.raises(UserError) as caught:
        finish(sound_draft(), home=home, media_type="audio/mp4")
    assert caught.value.code == "disk.full"
    check_home(home, 0, Sound)
    monkeypatch.undo()


def test_full_at_any_file_that_is_exported(home: Home, tmp_path: Path) -> None:
    work = finish(text_draft(), home=home, media_type="text/plain")
    old = finish(text_draft(), home=home, media_type="text/plain")
    place = tmp_path / "out" / "a.txt"
    place.parent.mkdir()
    calls = calls_of(lambda: export_work(old, place))
    files = {path: path.read_bytes() for path in place.parent.iterdir()}
    assert len(files) == 4, "text, manifest, label, proof"
    for room in range(len(calls)):
        with room_for(room):
            try:
                export_work(work, place)
            except UserError as error:
                assert error.code == "disk.full"
        assert set(place.parent.iterdir()) == set(files), "nothing half-written"
        export_work(old, place)
    export_work(work, place)
    (verdict,) = verify_files([place], home)
    assert (verdict.verdict, verdict.work) == ("ours", work.id)
