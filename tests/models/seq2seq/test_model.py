"""Loading encoder-decoders of strangers: what their folders say is checked, and steers nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import STARTERS, read_folder
from luokuan.models.seq2seq.decoding import Search, translate
from luokuan.models.seq2seq.model import Seq2SeqModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter."""
    return Path(shutil.copytree(STARTERS / "en-zh", tmp_path / "model"))


def change(path: Path, **values: Any) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(found | values), encoding="utf-8")


def test_a_folder_cannot_steer_the_search(folder: Path) -> None:
    search, text = Search(beams=2), ["He jumped onto the table."]
    plain = translate(Seq2SeqModel.from_folder(read_folder(folder)), text, start="en", to="zh", search=search)
    change(
        folder / "generation_config.json",
        num_return_sequences=3,
        return_dict_in_generate=True,
        repetition_penalty=3.0,
        min_length=20,
        no_repeat_ngram_size=1,
        num_beam_groups=2,
    )
    steered = translate(Seq2SeqModel.from_folder(read_folder(folder)), text, start="en", to="zh", search=search)
    assert plain == steered and plain[0]


@pytest.mark.parametrize(
    "values",
    [
        {"max_position_embeddings": 30_000_000},
        {"encoder_layers": 10**6},
        {"decoder_layers": 0},
        {"vocab_size": 10**9},
        {"encoder_ffn_dim": 10**8},
        {"d_model": "wide"},
        {"directions": []},
        {"directions": [["en"]]},
    ],
)
def test_sizes_that_the_weights_cannot_have_are_refused(folder: Path, values: dict[str, Any]) -> None:
    change(folder / "config.json", **values)
    with pytest.raises(UserError):
        Seq2SeqModel.from_folder(read_folder(folder))


def test_a_tokenizer_without_its_marks_is_refused(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("</s>", "</end>"), encoding="utf-8")
    with pytest.raises(UserError):
        Seq2SeqModel.from_folder(read_folder(folder))
