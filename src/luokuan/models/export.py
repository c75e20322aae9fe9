"""Models in formats that other tools read: ONNX, checked number by number, and plain Hub folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.files import new_folder, write_atomic
from luokuan.foundation import int8weights
from luokuan.foundation.modelcard import storage_section
from luokuan.foundation.modelfolder import CARD, CONFIG, FILES, SHEETS, STORED, WEIGHTS, ModelFolder
from luokuan.i18n import _

TOLERANCE = 1e-3
"""Largest absolute difference between our outputs (-1..1) and onnxruntime's that is accepted."""

INT8_FAMILIES = ("gan", "vae", "prior", "codec", "sound", "clip", "speech", "upscaler")
"""Families that no other program reads, and whose weights may be stored as int8."""


class Exportable(Protocol):
    """A model with a network that can stand alone."""

    folder: ModelFolder

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """(module, example inputs, input names, output names); ``module(*inputs)``, the first axis is the batch.

        A model may also have ``export_axes``, such as ``{2: "height", 3: "width"}``: axes of its one input that stay
        free beside the batch."""
        ...


def to_onnx(model: Exportable, path: Path) -> float:
    """Write the model's network as ONNX with a free batch axis (and others, see ``Exportable``); atomic.

    The result is run in onnxruntime on the example inputs and on others of another count (and size) before it is kept.

    Returns:
        The largest absolute difference found.

    Raises:
        UserError: the extra ``onnx`` isn't installed, or the outputs differ by more than ``TOLERANCE``.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  (torch's exporter needs it)
    except ImportError as error:
        raise UserError(
            _("Exporting to ONNX needs packages that are not installed."),
            _("Install luokuan[onnx]."),
            code="export.missing",
        ) from error
    module, examples, inputs, outputs = model.export_module()
    free: dict[int, str] = getattr(model, "export_axes", {})
    data = _export(module.eval(), examples, inputs, outputs, free)
    proto = onnx.load_from_string(data)
    note = {"luokuan.model": model.folder.name, "luokuan.digest": model.folder.digest, "licence": model.folder.licence}
    onnx.helper.set_model_props(proto, note)
    data = proto.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    difference = max(_difference(module, session, inputs, values) for values in (examples, _other(examples, free)))
    if not difference <= TOLERANCE:
        raise UserError(
            _("The exported network differs from ours by {difference:.2g}.", difference=difference),
            _("Nothing was written; please report it with the versions of `luokuan doctor`."),
            code="export.differs",
        )
    write_atomic(path, data)
    return difference


def _export(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[int, str],
) -> bytes:
    import logging
    import warnings

    # The exporter warns of a package that we neither have nor need.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    axes = {0: torch.export.Dim("batch", min=1, max=4096)}
    axes |= {axis: torch.export.Dim(name, min=1, max=8192) for axis, name in free.items()}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module,
            examples,
            input_names=list(inputs),
            output_names=list(outputs),
            # Modules take their inputs as *inputs: one entry, a tuple, for all of them.
            dynamic_shapes=(tuple(dict(axes) for _example in examples),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    return data


def _other(examples: tuple[Tensor, ...], free: Mapping[int, str]) -> tuple[Tensor, ...]:
    more = tuple(torch.cat([x, x.flip(0), x[:1]]) for x in examples)
    for axis in free:
        more = tuple(x.narrow(axis, 1, x.shape[axis] - 3) for x in more)
    return tuple(x.contiguous() for x in more)


def _difference(module: nn.Module, session: Any, inputs: Sequence[str], values: tuple[Tensor, ...]) -> float:
    with torch.no_grad():
        wanted = module(*values).numpy()
    (found,) = session.run(None, {name: value.numpy() for name, value in zip(inputs, values, strict=True)})
    return float(np.abs(wanted - found).max())


def to_hub_folder(folder: ModelFolder, path: Path, *, int8: bool = False) -> None:
    """Copy the files of a model folder (and its sheet of samples), ready for ``huggingface-cli upload``; atomic.

    Args:
        int8: Store the weights as int8 (see ``foundation.int8weights``); config and card say so.

    Raises:
        UserError: ``path`` exists, or can't be written; with ``int8``: transformers reads the model, or its weights are
            not finite.
    """
    if int8 and folder.family not in INT8_FAMILIES:
        raise UserError(
            _("'{name}' can't be stored as int8: other programs read it, and they don't know of the scales.",
              name=folder.name),
            _("Leave --type out."),
            code="export.option",
        )  # fmt: skip
    if path.exists():
        raise UserError(
            _("{path} exists already.", path=path), _("Choose a new folder with --output."), code="export.exists"
        )
    with new_folder(path) as part:
        for name in (*FILES, *SHEETS):
            if (folder.path / name).is_file():
                shutil.copyfile(folder.path / name, part / name)
        if int8 and not folder.stored:
            _store_as_int8(folder, part)


def _store_as_int8(folder: ModelFolder, part: Path) -> None:
    from safetensors.torch import load_file, save

    try:
        tensors = int8weights.packed(load_file(folder.path / WEIGHTS))
    except ValueError as error:
        raise UserError(
            _("The weights of {path} can't be stored as int8: {why}.", path=folder.path, why=error),
            _("Train the model again, or take another copy of it."),
            code="model.not_finite",
        ) from error
    (part / WEIGHTS).write_bytes(save(dict(sorted(tensors.items())), metadata={"format": "pt"}))
    config = {**folder.config, STORED: int8weights.INT8}
    (part / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if (part / CARD).is_file():
        with (part / CARD).open("a", encoding="utf-8") as card:
            card.write("\n" + storage_section(measured=False))
