"""ONNX files give the same numbers, or aren't written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from luokuan.errors import UserError
from luokuan.foundation import int8weights
from luokuan.foundation.modelcard import storage_section
from luokuan.foundation.modelfolder import STARTERS, read_folder, save_folder
from luokuan.models import export
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.model import GanModel, weights_of
from luokuan.models.gan.networks import Discriminator, Generator


def model(path: Path, *, classes: bool) -> GanModel:
    names = ("a", "b") if classes else ()
    config = GanConfig(
        size=8, widths=(16, 16), style=16, latent=8, classes=names, class_counts=(1, 1) if classes else ()
    )
    torch.manual_seed(0)
    weights = weights_of(Generator(config), Discriminator(config))
    training = {"corpus": {"licence": "CC0-1.0"}}
    return GanModel.from_folder(save_folder(path, config=config.to_json(), tensors=weights, training=training, card=""))


@pytest.mark.parametrize("classes", [True, False])
def test_onnx_gives_the_same_pictures_for_any_count(tmp_path: Path, classes: bool) -> None:
    gan = model(tmp_path / "m", classes=classes)
    path = tmp_path / "m.onnx"
    assert export.to_onnx(gan, path) < 1e-4
    session = onnxruntime.InferenceSession(path)
    z = gan.latents(5, 3)
    feed = {"latents": z.numpy()}
    labels = [0, 1, 1, 0, 1] if classes else None
    if labels:
        feed["labels"] = np.array(labels)
    (pictures,) = session.run(None, feed)
    ours = gan.render(gan.styles(z, labels))
    theirs = ((pictures + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    notes = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert notes["luokuan.digest"] == gan.folder.digest and notes["licence"] == "CC0-1.0"


def test_a_difference_is_refused_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gan = model(tmp_path / "m", classes=False)
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(UserError, match="differs"):
        export.to_onnx(gan, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_a_folder_stored_as_int8_makes_nearly_the_same_pictures_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8weights, "LEAST", 128)
    gan = model(tmp_path / "m", classes=True)
    (tmp_path / "m" / "samples.png").write_bytes(b"a sheet of an older version")
    export.to_hub_folder(gan.folder, tmp_path / "small", int8=True)
    small = read_folder(tmp_path / "small")
    sizes = [(path / "model.safetensors").stat().st_size for path in (gan.folder.path, small.path)]
    assert sizes[1] < 0.75 * sizes[0] and small.network_digest != gan.folder.network_digest
    assert small.stored == "int8" and small.config == gan.folder.config and small.sheet == small.path / "samples.png"
    assert (small.path / "README.md").read_text().endswith(f"\n{storage_section(measured=False)}")
    other, z = GanModel.from_folder(small), gan.latents(4, 3)
    pictures = [one.render(one.styles(z, [0, 1, 1, 0])).astype(int) for one in (gan, other)]
    assert 0 < np.abs(pictures[0] - pictures[1]).mean() < 1.5
    export.to_hub_folder(small, tmp_path / "again", int8=True)
    assert read_folder(tmp_path / "again").digest == small.digest


def test_what_other_programs_read_or_is_broken_is_not_stored_as_int8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8weights, "LEAST", 128)
    with pytest.raises(UserError, match="other programs read it"):
        export.to_hub_folder(read_folder(STARTERS / "copy-en"), tmp_path / "small", int8=True)
    gan = model(tmp_path / "m", classes=False)
    broken = {name: torch.full_like(value, torch.nan).half() for name, value in gan.generator.state_dict().items()}
    folder = save_folder(tmp_path / "broken", config=gan.folder.config, tensors=broken, training={}, card="")
    with pytest.raises(UserError, match="can't be stored as int8"):
        export.to_hub_folder(folder, tmp_path / "small", int8=True)
    assert not (tmp_path / "small").exists()
