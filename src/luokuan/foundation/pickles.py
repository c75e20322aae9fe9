"""Files that can run code when read: no model with one of them is taken."""

from __future__ import annotations

from luokuan.errors import UserError
from luokuan.i18n import _

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz")
"""Their endings; a folder with one of them is refused."""


def refused_pickle(place: object, file: str) -> UserError:
    """What is said of a place, such as a folder, that holds one."""
    return UserError(
        _("{path} holds {file}, a kind of file that can run code when read.", path=place, file=file),
        _("Convert the weights to safetensors, remove that file and try again."),
        code="model.pickle",
    )
