"""A language model at rest and in use: a plain transformers folder, loaded strictly."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.ngrams import Ngrams

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def saved_files(vocabulary: int, tokenizer: PreTrainedTokenizerFast, context: int) -> dict[str, bytes]:
    """tokenizer.json, tokenizer_config.json and generation_config.json of a model that was trained here.

    Args:
        vocabulary: Rows of its embedding, at least as many as the tokenizer has tokens.
        context: Longest text in tokens that it was trained on.
    """
    known = set(tokenizer.get_vocab().values())
    spare = [number for number in range(vocabulary) if number not in known]
    tokenizer.model_max_length = context
    found = tokenizers.files(tokenizer)
    end = tokenizer.eos_token_id
    generation = {
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "do_sample": True,
        "temperature": 0.8,
        **({"suppress_tokens": spare} if spare else {}),  # rows that only round the vocabulary up
    }
    return found | {"generation_config.json": json.dumps(generation, indent=2).encode()}


class PlmModel:
    """A loaded language model.

    Args:
        folder: Where it came from.
        network: A transformers causal language model, in eval mode.
        tokenizer: Its tokenizer.
    """

    def __init__(self, folder: ModelFolder, network: Any, tokenizer: PreTrainedTokenizerFast) -> None:
        self.folder, self.network, self.tokenizer = folder, network, tokenizer

    @cached_property
    def ngrams(self) -> Ngrams | None:
        """Which runs of words it was trained on; None if its folder doesn't say.

        Raises:
            UserError: what the folder says is damaged.
        """
        return Ngrams.read(self.folder.path)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> PlmModel:
        """Load a folder whose config.json is that of a causal language model of transformers. Nothing is unpickled, and
        no code from the folder is run.

        Raises:
            UserError: weights are missing or left over, the architecture is unknown, or the files are damaged.
        """
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

        _check_config(folder)
        logging.disable_progress_bar()  # it would stand in the midst of what commands print
        try:
            network, report = AutoModelForCausalLM.from_pretrained(
                folder.path,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                attn_implementation="sdpa",  # a stranger's config.json may name one that is fetched
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # the library raises many kinds
            raise UserError(
                _(
                    "{path} can't be loaded as a language model: {why}.",
                    path=folder.path,
                    why=str(error).split("\n")[0][:200],
                ),
                _("Give a folder in the format of transformers with safetensors weights."),
                code="model.language",
            ) from error
        wrong = [*report["missing_keys"], *report["unexpected_keys"], *report["mismatched_keys"]]
        if wrong:
            raise _unfit(folder, str(wrong[0]))
        if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
            raise _unfit(folder, _("they hold numbers that are not finite"))
        tokenizer = tokenizers.read(folder.path)
        if tokenizers.size(tokenizer) > network.get_input_embeddings().weight.shape[0]:
            raise _unfit(folder, _("the tokenizer has more tokens than they"))
        return cls(folder, network.eval(), tokenizer)


def _check_config(folder: ModelFolder) -> None:
    """Refuse what would read other files than those that the digest covers, or build without end."""
    for key in ("transformers_weights", "quantization_config", "auto_map"):
        if key in folder.config:
            raise UserError(
                _("{path} asks for '{key}', which is not supported.", path=folder.path, key=key),
                _("Give a model whose weights are all in model.safetensors, and that needs no code of its own."),
                code="model.language",
            )
    layers = folder.config.get("num_hidden_layers")
    if not isinstance(layers, int) or not 1 <= layers <= folder.tensor_count:
        raise _unfit(folder, "num_hidden_layers")


def _unfit(folder: ModelFolder, what: str) -> UserError:
    return UserError(
        _("The weights in {path} don't fit their config.json: {what}.", path=folder.path, what=what),
        _("Take another copy of the model, or train it again."),
        code="model.tensors",
    )
