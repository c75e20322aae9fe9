"""Voices of strangers: loaded strictly, read as transformers reads them, and the same sound for the same seed."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hubvoices import LETTERS, RUSSIAN, SMALL, change, save_hub_voice, write_json
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import read_folder
from luokuan.models.registry import load_voice_model, loader_name
from luokuan.models.vits.letters import Letters, read_letters
from luokuan.models.vits.model import VitsVoice


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_hub_voice(tmp_path / "tiny")


def load(folder: Path) -> VitsVoice:
    return VitsVoice.from_folder(read_folder(folder))


def test_it_speaks_and_the_same_seed_gives_the_same_sound(folder: Path) -> None:
    assert loader_name(read_folder(folder)) == "vits"
    voice = load_voice_model(str(folder))
    assert isinstance(voice, VitsVoice) and voice.rate == 16_000
    state = torch.random.get_rng_state()
    first, again, other = (voice.say("hello there", seed=seed) for seed in (3, 3, 4))
    assert torch.equal(state, torch.random.get_rng_state())  # others' chance is left alone
    assert np.array_equal(first.samples, again.samples) and np.array_equal(first.ends, again.ends)
    assert not np.array_equal(first.samples, other.samples)
    assert len(first.ends) == 2 * len("hello there") + 1 and (np.diff(first.ends) > 0).all()
    assert first.ends[-1] == pytest.approx(len(first.samples) / voice.rate)
    slow = voice.say("hello there", rate=0.5, seed=3)
    assert len(slow.samples) > 1.6 * len(first.samples)


def test_another_voice_that_speaks_at_the_same_time_changes_nothing(folder: Path) -> None:
    voice, other = load(folder), load(folder)
    alone, others = voice.say("hello", seed=3), other.say("good morning", seed=4)
    heard: list[Any] = []
    beside = threading.Thread(target=lambda: heard.append(other.say("good morning", seed=4)))

    def meanwhile(*_given: object) -> None:
        beside.start()
        beside.join(1)

    handle = voice.network.text_encoder.register_forward_hook(meanwhile)
    together = voice.say("hello", seed=3)
    handle.remove()
    beside.join()
    assert np.array_equal(together.samples, alone.samples) and np.array_equal(heard[0].samples, others.samples)


def test_its_sound_is_that_of_transformers(folder: Path) -> None:
    from transformers import VitsModel, VitsTokenizer

    network, tokenizer = VitsModel.from_pretrained(folder).eval(), VitsTokenizer.from_pretrained(folder)
    numbers = tokenizer("Hello there, Bob!", return_tensors="pt").input_ids
    torch.manual_seed(5)
    with torch.inference_mode():
        wanted = network(numbers).waveform[0].numpy()
    voice = load(folder)
    letters = "".join(one for one, _place in voice.letters.spelt("Hello there, Bob!"))
    assert voice.letters.coded(letters) == numbers[0].tolist()
    assert np.array_equal(voice.say(letters, seed=5).samples, wanted)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Letters, Any]:
    """The letters of a folder, and transformers' own tokenizer of it."""
    from transformers import VitsTokenizer

    place = save_hub_voice(tmp_path_factory.mktemp("letters") / "tiny")
    return read_letters(place), VitsTokenizer.from_pretrained(place)


@given(st.text(alphabet=LETTERS[1:] + "ABCXYZ,.!?é0", max_size=40))
def test_letters_are_read_as_transformers_reads_them(read: tuple[Letters, Any], text: str) -> None:
    own, theirs = read
    # Of spaces that stand side by side, with nothing known between them, only one is read here.
    plain = " ".join("".join(one for one in word if own.known(one)) + ",." for word in text.split())
    letters = "".join(one for one, _place in own.spelt(plain))
    assert "  " not in letters and letters == letters.strip()
    if letters and "  " not in "".join(one for one in plain if one == " " or own.known(one)):
        assert own.coded(letters) == theirs(plain).input_ids


@pytest.mark.parametrize("changes", [{"older": True}, {"use_stochastic_duration_prediction": False}])
def test_other_ways_to_save_one(tmp_path: Path, folder: Path, changes: dict[str, Any]) -> None:
    other = load(save_hub_voice(tmp_path / "other", **changes))
    assert np.isfinite(other.say("good morning").samples).all()
    if "older" in changes:
        assert np.array_equal(other.say("good").samples, load(folder).say("good").samples)


def test_half_floats_are_read(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({name: value.half() for name, value in tensors.items()}, folder / "model.safetensors")
    voice = load(folder)
    assert voice.network.dtype == torch.float32 and len(voice.say("good").samples)


def rewrite(folder: Path, **changes: torch.Tensor | None) -> None:
    tensors: dict[str, torch.Tensor | None] = {**load_file(folder / "model.safetensors"), **changes}
    kept = {name: value for name, value in tensors.items() if value is not None}
    save_file(kept, folder / "model.safetensors")


BIAS = "decoder.conv_pre.bias"


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "model.tensors"), (torch.full((16,), torch.nan), "model.not_finite"),
     (torch.full((16,), torch.inf), "model.not_finite"), (torch.zeros(17), "model.tensors"),
     (torch.zeros(16, dtype=torch.int64), "model.tensors")],
)  # fmt: skip
def test_damaged_weights_are_refused(folder: Path, value: torch.Tensor | None, code: str) -> None:
    rewrite(folder, **{BIAS: value})
    with pytest.raises(UserError) as caught:
        load(folder)
    assert caught.value.code == code


def test_what_does_not_belong_there_is_refused(folder: Path) -> None:
    rewrite(folder, discriminator=torch.zeros(3))
    with pytest.raises(UserError, match="'discriminator' is not part of it"):
        load(folder)
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(UserError) as caught:
        read_folder(folder)
    assert caught.value.code == "model.pickle"


@pytest.mark.parametrize(
    "values",
    [
        {"vocab_size": 10**9}, {"hidden_size": 10**8}, {"num_hidden_layers": 10**6}, {"num_hidden_layers": 0},
        {"num_attention_heads": 3}, {"window_size": None}, {"ffn_dim": "wide"}, {"ffn_dim": True},
        {"upsample_rates": [8, 8]}, {"upsample_rates": []}, {"upsample_rates": [32] * 8}, {"upsample_rates": [8, 8, 3]},
        {"upsample_kernel_sizes": [16, 16, 5]}, {"resblock_kernel_sizes": [4]}, {"resblock_kernel_sizes": [3] * 99},
        {"resblock_dilation_sizes": [[10**9]]}, {"resblock_dilation_sizes": "none"}, {"resblock_dilation_sizes": [1]},
        {"wavenet_dilation_rate": 10**9}, {"wavenet_dilation_rate": 8, "posterior_encoder_num_wavenet_layers": 64},
        {"duration_predictor_kernel_size": 15, "depth_separable_num_layers": 8}, {"flow_size": 7},
        {"sampling_rate": 10**9}, {"sampling_rate": 0}, {"speaking_rate": 0}, {"speaking_rate": float("nan")},
        {"noise_scale": 1e9}, {"noise_scale_duration": float("inf")}, {"layer_norm_eps": -1.0},
        {"hidden_act": "eval"}, {"use_bias": 1}, {"auto_map": {"AutoModel": "x.X"}}, {"transformers_weights": "y"},
        {"quantization_config": {}}, {"num_speakers": 109, "speaker_embedding_size": 4},
    ],
)  # fmt: skip
def test_hostile_sizes_are_refused(folder: Path, values: dict[str, Any]) -> None:
    change(folder / "config.json", **values)
    with pytest.raises(UserError) as caught:
        load(folder)
    assert str(caught.value) and caught.value.do


def test_sizes_within_bounds_must_still_be_those_of_the_weights(folder: Path) -> None:
    for key, value in {"hidden_size": 4096, "spectrogram_bins": 8192, "ffn_dim": 1 << 14}.items():
        change(folder / "config.json", **{key: value})
        with pytest.raises(UserError) as caught:
            load(folder)
        assert caught.value.code == "model.tensors"
        change(folder / "config.json", **{key: SMALL[key]})
    load(folder)


def test_lengths_without_end_are_refused(folder: Path) -> None:
    name = "duration_predictor.flows.0.translate"
    for value in (-20.0, -1000.0):  # five minutes a letter; and more than a float holds
        rewrite(folder, **{name: torch.full((2, 1), value)})
        with pytest.raises(UserError) as caught:
            load(folder).say("good")
        assert caught.value.code == "model.unspeakable"


@pytest.mark.parametrize(
    ("file", "values", "code"),
    [
        ("tokenizer_config.json", {"phonemize": True}, "model.phonemes"),
        ("tokenizer_config.json", {"phonemize": "no"}, "model.tokenizer"),
        ("tokenizer_config.json", {"tokenizer_class": "Own"}, "model.tokenizer"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["x.X", None]}}, "model.tokenizer"),
        ("vocab.json", {"a": 10**6}, "model.tokenizer"),
        ("vocab.json", {"a": 3}, "model.tokenizer"),
        ("vocab.json", {"a": "3"}, "model.tokenizer"),
        ("vocab.json", {"_": 29, "q": 5}, "model.tokenizer"),
    ],
)
def test_vocabularies_that_cannot_be_used(folder: Path, file: str, values: dict[str, Any], code: str) -> None:
    change(folder / file, **values)
    with pytest.raises(UserError) as caught:
        load(folder)
    assert caught.value.code == code and "Traceback" not in str(caught.value)


def test_missing_files_are_named(folder: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    del settings["phonemize"]  # transformers' own default is true
    write_json(folder / "tokenizer_config.json", settings)
    with pytest.raises(UserError) as caught:
        load(folder)
    assert caught.value.code == "model.phonemes"
    for name in ("tokenizer_config.json", "vocab.json"):
        (folder / name).unlink()
        with pytest.raises(UserError, match=name.replace(".", r"\.")):
            load(folder)


def test_letters_without_blanks_or_small_ones() -> None:
    plain = Letters({"A": 1, "b": 2, " ": 3, "'": 4}, blank=False, folds=False, romanised=False, language="")
    assert [one for one, _place in plain.spelt(" A a\n\tb’ ")] == ["A", " ", "b", "'"]
    assert plain.coded("Ab") == [1, 2]
    russian = Letters(
        {one: k for k, one in enumerate(RUSSIAN)}, blank=True, folds=True, romanised=False, language="rus"
    )
    assert russian.spelt("Да!") == [("д", 0), ("а", 1)] and not russian.known("x")
    romanian = Letters({"ţ": 1}, blank=True, folds=True, romanised=False, language="ron")
    assert romanian.known("Ț") == "ţ"
