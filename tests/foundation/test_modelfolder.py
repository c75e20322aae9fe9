"""Model folders are whole or absent, read strictly, and never run code."""

from __future__ import annotations

import json
import resource
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import (
    check_name,
    list_models,
    read_folder,
    resolve,
    save_folder,
)
from luokuan.store.home import open_home

TENSORS = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(4, dtype=torch.float16)}
EXPECTED = {"a": ((4,), "float16"), "b": ((2, 3), "float32")}


def make(path: Path) -> Path:
    training = {"corpus": {"licence": "CC0-1.0", "digest": "abc"}}
    save_folder(path, config={"family": "gan"}, tensors=TENSORS, training=training, card="# Card\n")
    return path


def test_round_trip(tmp_path: Path) -> None:
    folder = read_folder(make(tmp_path / "m"))
    assert folder.licence == "CC0-1.0" and folder.corpus_digest == "abc" and folder.name == "m"
    found = folder.tensors(EXPECTED)
    assert all(torch.equal(found[k], v) for k, v in TENSORS.items())


def test_equal_content_gives_equal_bytes_and_digest(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    assert read_folder(one).digest == read_folder(other).digest
    (other / "README.md").write_text("# Another card\n")
    assert read_folder(one).digest != read_folder(other).digest


@pytest.mark.parametrize("name", ["weights.pt", "pytorch_model.bin", "x.PTH", "model.ckpt", "a.pkl"])
def test_pickles_are_refused(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path / "m")
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(UserError, match="run code"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("text", "match"),
    [("{", "not JSON"), ("[1]", "not a JSON object"), ("\xff\xfe", "not JSON"), ("[" * 100_000, "not JSON")],
)
def test_wrong_config_files(tmp_path: Path, text: str, match: str) -> None:
    folder = make(tmp_path / "m")
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=match):
        read_folder(folder)


@pytest.mark.parametrize("file", ["config.json", "training.json"])
def test_half_characters_are_refused(tmp_path: Path, file: str) -> None:
    folder = make(tmp_path / "m")
    (folder / file).write_text('{"corpus": {"licence": "\\ud800"}}')
    with pytest.raises(UserError) as caught:
        read_folder(folder)
    assert caught.value.code == "model.damaged"


@pytest.mark.parametrize("corpus", [None, [1], "x", {"aliases": ["x"]}, {"aliases": {"x": 3}}])
def test_strange_records_of_the_corpus_say_nothing(tmp_path: Path, corpus: object) -> None:
    folder = make(tmp_path / "m")
    (folder / "training.json").write_text(json.dumps({"corpus": corpus}))
    found = read_folder(folder)
    assert (found.licence, found.corpus_digest, found.aliases) == ("unknown", "", {})
    (folder / "training.json").write_text(json.dumps({"corpus": {"aliases": {"a": "b", "c": None}}}))
    assert read_folder(folder).aliases == {"a": "b"}


def test_a_folder_has_a_name_from_wherever_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "m")
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder)
    assert read_folder(Path()).name == "m"
    monkeypatch.chdir(folder / "sub")
    assert read_folder(Path("..")).name == "m"


def test_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model folder"):
        read_folder(tmp_path / "absent")
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"no model\.safetensors"):
        read_folder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config\.json"):
        read_folder(folder)


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (tmp_path / "secret").write_text("{}")
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="leaves the model folder"):
        read_folder(folder)
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("config.json")
    with pytest.raises(UserError, match="leaves the model folder"):
        read_folder(folder)


@pytest.mark.parametrize("cut", [0, 4, 8, 60, -20, -1])
def test_truncated_weights(tmp_path: Path, cut: int) -> None:
    folder = make(tmp_path / "m")
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:cut])
    with pytest.raises(UserError, match="damaged"):
        read_folder(folder)


def test_a_header_that_claims_the_moon(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(UserError, match="cut off"):
        read_folder(folder)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 250), st.binary(min_size=1, max_size=8))
def test_any_damage_is_a_user_error_or_readable(tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes) -> None:
    folder = make(tmp_path_factory.mktemp("damage") / "m")
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[at : at + len(junk)] = junk
    (folder / "model.safetensors").write_bytes(bytes(data))
    try:
        read_folder(folder).tensors(EXPECTED)
    except UserError as error:
        assert error.what and error.do


@pytest.mark.parametrize(
    ("tensors", "match"),
    [
        ({"a": TENSORS["a"]}, "'b' is missing"),
        ({**TENSORS, "c": torch.ones(1)}, "'c' is not part"),
        ({**TENSORS, "a": torch.ones(4)}, "'a' is"),
        ({**TENSORS, "b": torch.ones(3, 2)}, "'b' is"),
    ],
)
def test_other_tensors_are_refused(tmp_path: Path, tensors: dict[str, torch.Tensor], match: str) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(save(tensors))
    with pytest.raises(UserError, match=match):
        read_folder(folder).tensors(EXPECTED)


def test_a_full_disk_leaves_the_old_model(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    before = read_folder(folder).digest
    program = (
        "import signal, sys, torch; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path; from luokuan.errors import UserError\n"
        "from luokuan.foundation.modelfolder import save_folder\n"
        "try: save_folder(Path(sys.argv[1]), config={}, tensors={'x': torch.zeros(99999)}, training={}, card='')\n"
        "except UserError as error: print(error.code)"
    )

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False, preexec_fn=small
    )
    assert done.stdout.strip() == "disk.full", done.stderr
    assert read_folder(folder).digest == before and [p.name for p in tmp_path.iterdir() if p.name != "home"] == ["m"]


def test_kill_while_saving_leaves_the_old_model(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    before = read_folder(folder).digest
    program = (
        "import json, os, signal, sys, torch, types; from pathlib import Path\n"
        "import luokuan.foundation.modelfolder as m\n"
        "def dumps(value, calls=[], **options):\n"
        "    calls.append(value)\n"
        "    if len(calls) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return json.dumps(value)\n"
        "m.json = types.SimpleNamespace(dumps=dumps, loads=json.loads)\n"
        "m.save_folder(Path(sys.argv[1]), config={}, tensors={'x': torch.zeros(9)}, training={}, card='')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert read_folder(folder).digest == before


def test_resolve_by_path_name_and_starter(tmp_path: Path) -> None:
    home = open_home()
    make(home.models / "mine")
    assert resolve("mine", home).name == "mine"
    assert resolve(home.models / "mine").name == "mine"
    assert "mine" in {m.name for m in list_models(home)}
    with pytest.raises(UserError, match="mine"):
        resolve("other", home)
    with pytest.raises(UserError):
        resolve("../../etc", home)
    with pytest.raises(UserError, match="no model '~nobody"):
        resolve("~nobody-of-this-name/m", home)


def test_hub_ids_without_a_connection_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="Hub"):
        resolve("somebody/something")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a" * 65, "a b", "ä", "a\n"])
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(UserError):
        check_name(name)


def test_broken_models_are_left_out_of_the_list(tmp_path: Path) -> None:
    home = open_home()
    make(home.models / "good")
    (home.models / "bad").mkdir()
    (home.models / "bad" / "config.json").write_text(json.dumps({}))
    names = {m.name for m in list_models(home)}
    assert "good" in names and "bad" not in names


def test_the_network_digest_does_not_depend_on_the_card(tmp_path: Path) -> None:
    folder = read_folder(make(tmp_path / "a"))
    before = folder.digest, folder.network_digest
    (tmp_path / "a" / "README.md").write_text("# Another card\n")
    after = read_folder(tmp_path / "a")
    assert after.digest != before[0] and after.network_digest == before[1]
    (tmp_path / "a" / "config.json").write_text('{"family": "other"}')
    assert read_folder(tmp_path / "a").network_digest != before[1]
