"""Learning a low-rank update beside each linear layer instead of its weights: LoRA.

W + α/r·B·A with A of (r, in) random and B of (out, r) zero at first (Hu et al. 2021, arXiv 2106.09685). Afterwards the
update is added to W: the model is then as any other. The adapters are PEFT's.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _

RANK = 16
"""``--rank`` if none is given. ``--alpha`` is then its double."""
MOST = 512


def with_adapters(network: Any, *, rank: int, alpha: float, seed: int) -> nn.Module:
    """``network``, a causal language model of transformers, with adapters on all its linear layers but the head; they
    alone learn.

    Args:
        rank: r, at least 1.
        alpha: α, above 0.
        seed: Of A.

    Raises:
        UserError: PEFT isn't installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UserError(
            _("--method lora needs PEFT, which is not installed."),
            _("Install luokuan[finetune], or choose --method sft."),
            code="training.peft",
        ) from error
    torch.manual_seed(mix_seed(seed, "adapters"))
    # α need not be whole, whatever the annotation says.
    settings = LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # PEFT 0.21 asks for a property that transformers 5.24 calls by another name.
        warnings.simplefilter("ignore", FutureWarning)
        found: nn.Module = get_peft_model(network, settings)
    return found


def merged(adapted: Any) -> nn.Module:
    """The network of ``adapted`` with its update added to its weights; ``adapted`` is used up."""
    found: nn.Module = adapted.merge_and_unload()
    return found
