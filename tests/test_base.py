"""Errors, messages, atomic files and media types."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan import logs
from luokuan.cli.main import main
from luokuan.cli.output import emit_json
from luokuan.errors import UserError
from luokuan.files import disk_errors, expand, new_folder, sha256_bytes, sha256_file, write_atomic
from luokuan.i18n import _, language
from luokuan.media import Clip, Picture, Sound


def test_errors_cross_processes() -> None:
    error = pickle.loads(pickle.dumps(UserError("What.", "Do.", code="a.b", status=404)))
    assert (error.what, error.do, error.code, error.status, str(error)) == ("What.", "Do.", "a.b", 404, "What. Do.")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"LUOKUAN_LANG": "zh"}, "zh_CN"),
        ({"LUOKUAN_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_TW.UTF-8"}, "zh_CN"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_language(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], wanted: str) -> None:
    for name in ("LUOKUAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert language() == wanted


def test_messages_are_chinese_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert _("{path} is not a folder.", path="照片") == "照片 不是文件夹。"
    assert _("No such message {x}.", x=1) == "No such message 1."


def test_user_errors_are_chinese_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert main(["models", "show", "absent"]) == 2
    assert "没有模型" in capfd.readouterr().err


def test_faults_of_ours_are_one_sentence(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("luokuan.foundation.modelfolder.list_models", fail)
    assert main(["models", "list"]) == 3
    err = capfd.readouterr().err
    assert "our fault" in err and "boom" in err and "Traceback" not in err


def test_logs_go_to_the_stderr_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    gone = io.StringIO()
    with contextlib.redirect_stderr(gone):
        logs.configure()
        logs.get("test").warning("first")
    assert "first" in gone.getvalue()
    gone.close()
    logs.get("test").warning("second")
    assert "second" in capsys.readouterr().err


@given(st.binary(max_size=200))
def test_digests(data: bytes) -> None:
    assert len(sha256_bytes(data)) == 64


def test_write_atomic_replaces_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomic(path, b"one", mode=0o600)
    write_atomic(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o600
    assert sha256_file(path) == sha256_bytes(b"two")
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")
    program = (
        "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path; from luokuan.files import write_atomic; from luokuan.errors import UserError\n"
        "try: write_atomic(Path(sys.argv[1]), b'x' * 100000)\n"
        "except UserError as error: print(error.code)"
    )

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False, preexec_fn=small
    )
    assert done.stdout.strip() == "disk.full", done.stderr
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir() if p.is_file()] == ["file"]


def test_a_new_folder_is_whole_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with pytest.raises(RuntimeError), new_folder(target) as part:
        (part / "a").write_text("half")
        raise RuntimeError
    assert not list(tmp_path.glob("*folder*"))
    with new_folder(target) as part:
        (part / "a").write_text("one")
    with new_folder(target) as part:
        (part / "b").write_text("two")
    assert [p.name for p in target.iterdir()] == ["b"]
    assert not list(tmp_path.glob(".folder*"))


def test_expand_knows_homes_and_leaves_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expand("~/a") == Path("/somewhere/a") and expand("b/c") == Path("b/c")
    assert expand("~nobody-of-this-name/a") == Path("~nobody-of-this-name/a")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk.full"),
        (errno.EACCES, "disk.denied"),
        (errno.EROFS, "disk.denied"),
        (errno.ENOENT, "disk.denied"),
        (errno.ELOOP, "disk.denied"),
        (errno.ENAMETOOLONG, "disk.denied"),
    ],
)
def test_disk_errors(number: int, code: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.code == code


def test_media_refuse_other_shapes() -> None:
    assert Picture(np.zeros((2, 3, 4), dtype=np.uint8)).width == 3
    for pixels in (np.zeros((2, 3), np.uint8), np.zeros((2, 3, 5), np.uint8), np.zeros((2, 3, 3), np.float32)):
        with pytest.raises(UserError, match="picture"):
            Picture(pixels)  # type: ignore[arg-type]
    assert Sound(np.zeros((2, 44100), dtype=np.float32), 44100).seconds == 1.0
    with pytest.raises(UserError, match="sound"):
        Sound(np.zeros(5, dtype=np.float32), 44100)
    with pytest.raises(UserError, match="clip"):
        Clip(np.zeros((2, 3, 3), dtype=np.uint8), 25)


def test_what_is_no_file_is_never_replaced_by_one(tmp_path: Path) -> None:
    pipe, link, folder = tmp_path / "pipe", tmp_path / "stdout.png", tmp_path / "folder"
    os.mkfifo(pipe)
    link.symlink_to("/dev/null")
    folder.mkdir()
    for path in (pipe, link, folder):
        with pytest.raises(UserError) as caught:
            write_atomic(path, b"data")
        assert caught.value.code == "disk.denied"
    assert pipe.is_fifo() and link.is_symlink() and folder.is_dir()
    file = tmp_path / "file"
    file.write_text("precious")
    for path in (pipe, file):
        with pytest.raises(UserError) as caught, new_folder(path) as part:
            (part / "a").write_text("new")
        assert caught.value.code == "disk.denied"
    assert file.read_text() == "precious" and pipe.is_fifo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "pipe", "stdout.png"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_can_be_printed_whatever_stdout_holds(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="strict"))
    value = {"label": "\u4eba\u5de5\u667a\u80fd", "path": os.fsdecode(b"\xff.png")}
    emit_json(value)
    sys.stdout.flush()
    assert json.loads(raw.getvalue()) == value
