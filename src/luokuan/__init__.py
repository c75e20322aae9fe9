"""Luokuan (落款): train generative models on material you own; every work carries its colophon.

    import luokuan

    work = luokuan.create.image("a dress", model="garments", seed=7)   # a signed, labelled Work
    luokuan.verify("dress.png").verdict                                  # "ours"
    model = luokuan.load("garments")                                     # samples without a colophon stay here
    luokuan.train("gan", "photos/", name="mine", minutes=10)

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["create", "load", "train", "verify"]

if TYPE_CHECKING:
    from luokuan import create
    from luokuan.colophon.verification import Verdict
    from luokuan.foundation.modelfolder import ModelFolder


def __getattr__(name: str) -> Any:
    if name == "create":
        from importlib import import_module

        return import_module("luokuan.create")
    raise AttributeError(f"module 'luokuan' has no attribute '{name}'")


def load(reference: str | Path) -> Any:
    """Load a model by path, store name, starter name or Hub id (see ``luokuan.models.registry.load_model``)."""
    from luokuan.models.registry import load_model

    return load_model(reference)


def verify(path: str | Path) -> Verdict:
    """Check a file's colophon (see ``luokuan.colophon.verification.verify_file``)."""
    from luokuan.colophon.verification import verify_file
    from luokuan.models.plm.listening import listener
    from luokuan.store.home import open_home

    home = open_home()
    return verify_file(Path(path), home=home, listen=listener(home))


def train(family: str, corpus: str | Path | list[str | Path], **choices: Any) -> ModelFolder | None:
    """Train a model of ``family`` on a corpus (a codec or an upscaler: on one or more).

    Families and their choices: ``luokuan.models.registry.TRAINERS``.

    Raises:
        UserError: the family is unknown, or see there.
    """
    from luokuan.models.registry import trainer

    return trainer(family)(corpus, **choices)
