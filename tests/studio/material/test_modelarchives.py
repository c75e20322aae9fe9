"""Archives of models: what is taken of them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from hubvoices import change, save_hub_voice
from safetensors.numpy import load_file, save_file
from vaes_for_tests import save_vae

from luokuan.errors import UserError
from luokuan.foundation.hubcard import licence_of_card, with_licence
from luokuan.foundation.modelfolder import read_folder
from luokuan.studio.material.modelarchives import model_files, take_model


def picked(*names: str) -> dict[str, str]:
    found = model_files([PurePosixPath(name) for name in names])
    return {str(path): str(place) for path, place in found.items()}


def code_of(caught: pytest.ExceptionInfo[UserError]) -> str:
    assert str(caught.value)
    return caught.value.code


def test_the_uppermost_folder_with_a_config_is_the_model() -> None:
    names = ("m/config.json", "m/model.safetensors", "m/README.md", "m/samples.png", "m/onnx/config.json", "x.html")
    assert picked(*names) == {f"m/{name}": name for name in ("config.json", "model.safetensors", "README.md")}
    assert picked("config.json", "a/config.json") == {"config.json": "config.json"}
    shards = ("m/config.json", "m/model.safetensors.index.json", "m/model-00001-of-00001.safetensors")
    assert len(picked(*shards, "m/other.safetensors", "m/x/model-00002-of-00002.safetensors")) == 3
    assert len(picked(*shards, "m/model.safetensors")) == 2, "one file with all of it is enough"
    with pytest.raises(UserError) as caught:
        picked("m/model.safetensors")
    assert code_of(caught) == "upload.empty"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "deep/er/x.PKL", "m/x.pt", "m/x.npz"])
def test_pickles_anywhere_are_refused(name: str) -> None:
    with pytest.raises(UserError) as caught:
        picked("m/config.json", "m/model.safetensors", name)
    assert code_of(caught) == "model.pickle" and "can run code" in caught.value.what


def test_programs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        picked("m/config.json", "m/modeling_mine.py")
    assert code_of(caught) == "model.code"
    save_vae(tmp_path / "m")
    (tmp_path / "m" / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["mine.Tokenizer", null]}}')
    with pytest.raises(UserError) as caught:
        take_model(tmp_path / "m", "MIT")
    assert code_of(caught) == "model.code"


def test_a_model_of_ours_keeps_its_record_and_what_it_says_of_its_licence(tmp_path: Path) -> None:
    before = save_vae(tmp_path / "m")
    assert take_model(tmp_path / "m", "MIT").digest == before.digest
    assert read_folder(tmp_path / "m").licence == "CC0-1.0", "no form says otherwise"


def test_a_licence_is_asked_for_where_the_card_names_none(tmp_path: Path) -> None:
    save_vae(tmp_path / "m")
    (tmp_path / "m" / "training.json").unlink()
    for wrong in ("", "by my leave\n", "../x"):
        with pytest.raises(UserError) as caught:
            take_model(tmp_path / "m", wrong)
        assert code_of(caught) == "model.licence"
    assert take_model(tmp_path / "m", "unknown").licence == "unknown"
    assert take_model(tmp_path / "m", "Apache-2.0").licence == "Apache-2.0"
    assert (tmp_path / "m" / "README.md").read_text().endswith("---\n# Test\n")
    assert take_model(tmp_path / "m", "MIT").licence == "Apache-2.0", "the card names one now"


@pytest.mark.parametrize("licence", ["MIT", "own", "OGL-UK-3.0"])
@pytest.mark.parametrize(
    "text", ["", "# A\n---\nb\n", "---\nlicense: other\ntags: [a]\n---\nText\n", "---\n[: x\n---\nText\n"]
)
def test_cards_get_a_licence(tmp_path: Path, licence: str, text: str) -> None:
    card = tmp_path / "README.md"
    card.write_text(with_licence(text, licence))
    assert licence_of_card(card) == licence
    assert ("tags" in text) == ("tags" in card.read_text()) and ("Text" in text) == ("Text" in card.read_text())


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("training.json", {"steps": "many"}),
        ("training.json", {"corpus": "mine"}),
        ("training.json", {"corpus": {"title": {"a": 1}}}),
        ("training.json", {"measured": {"x": float("inf")}}),
        ("training.json", {"verdicts": [1]}),
        ("config.json", {"family": "vae", "size": 10**400}),
        ("config.json", {"family": "vae", "classes": 5}),
        ("config.json", {"family": "nothing of ours"}),
        ("config.json", [1]),
    ],
)
def test_what_others_wrote_into_a_record_or_config_is_refused(tmp_path: Path, file: str, said: object) -> None:
    save_vae(tmp_path / "m")
    (tmp_path / "m" / file).write_text(json.dumps(said))
    with pytest.raises(UserError):
        take_model(tmp_path / "m", "MIT")


def test_weights_that_are_a_pickle_by_another_name_are_refused(tmp_path: Path) -> None:
    save_vae(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"\x80\x04cposix\nsystem\n(S'touch /tmp/x'\ntR.")
    with pytest.raises(UserError) as caught:
        take_model(tmp_path / "m", "MIT")
    assert code_of(caught) == "model.damaged"


def test_weights_in_several_files_are_taken_and_checked(tmp_path: Path) -> None:
    folder = save_vae(tmp_path / "m")
    weights, places = load_file(folder.path / "model.safetensors"), {}
    (folder.path / "model.safetensors").unlink()
    for number in (1, 2):
        file = f"model-0000{number}-of-00002.safetensors"
        part = dict(sorted(weights.items())[number - 1 :: 2])
        save_file(part, folder.path / file)
        places |= dict.fromkeys(part, file)
    (folder.path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    assert take_model(folder.path, "MIT").tensor_count == len(weights)
    names = {path.name for path in folder.path.iterdir()}
    assert names == {"config.json", "model.safetensors", "README.md", "training.json"}


def test_a_voice_of_others_is_taken_with_its_letters(tmp_path: Path) -> None:
    folder = save_hub_voice(tmp_path / "m")
    packed = [PurePosixPath("m", path.name) for path in folder.iterdir()]
    assert {place.name for place in model_files(packed).values()} == {path.name for path in folder.iterdir()}
    found = take_model(folder, "")
    assert (found.family, found.licence) == ("vits", "MIT")
    change(folder / "tokenizer_config.json", phonemize=True)
    with pytest.raises(UserError, match="under the GPL"):
        take_model(folder, "")
