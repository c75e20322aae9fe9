"""An encoder-decoder at rest and in use: a plain transformers folder, loaded strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import TOKENIZER, WEIGHTS, ModelFolder
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.seq2seq import tokens
from luokuan.models.seq2seq.config import LONGEST

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

POSITIONS = "embed_positions.weight"
"""Ending of the sinusoidal positions' name: transformers computes them again."""
MOST_POSITIONS = 1 << 16
"""Places that a stranger's model may have: transformers computes a row for each."""
_NLLB = {"en": "eng_Latn", "zh": "zho_Hans", "de": "deu_Latn", "fr": "fra_Latn", "es": "spa_Latn", "ja": "jpn_Jpan",
         "ko": "kor_Hang", "ru": "rus_Cyrl", "it": "ita_Latn", "pt": "por_Latn", "ar": "arb_Arab"}  # fmt: skip
_MBART = {"zh": "zh_CN", "en": "en_XX", "pt": "pt_XX"}
_MARIAN = {"zh": ("cmn_Hans", "zho_Hans", "cmn", "zho"), "en": ("eng",), "de": ("deu",), "fr": ("fra",),
           "es": ("spa",), "ja": ("jpn",), "ko": ("kor",), "ru": ("rus",)}  # fmt: skip
_ASKED = ("t5", "mt5", "umt5")
"""``model_type`` of encoder-decoders that are asked in English words."""


def saved_files(vocabulary: int, tokenizer: PreTrainedTokenizerFast, longest: int) -> Mapping[str, bytes]:
    """tokenizer.json, tokenizer_config.json and generation_config.json of a model that was trained here.

    Args:
        vocabulary: Rows of its embedding, at least as many as the tokenizer has tokens.
        longest: Most tokens of a side.
    """
    known = tokenizer.get_vocab()
    spare = set(range(vocabulary)) - set(known.values())
    pad, end = known[tokens.PAD], known[tokens.END]
    marks = set(tokenizer.added_tokens_decoder) - {end}
    tokenizer.model_max_length = longest
    generation = {
        "decoder_start_token_id": pad,
        "bos_token_id": pad,
        "pad_token_id": pad,
        "eos_token_id": end,
        "max_length": longest,
        "num_beams": 4,
        "suppress_tokens": sorted(spare | marks),  # what no translation holds
    }
    return tokenizers.files(tokenizer) | {"generation_config.json": json.dumps(generation, indent=2).encode()}


def saved_tensors(network: torch.nn.Module) -> dict[str, Tensor]:
    """The weights in bfloat16 by name, each once, without the positions."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, value in network.state_dict().items():
        if value.data_ptr() not in seen and not name.endswith(POSITIONS):
            found[name] = value.detach().to("cpu", torch.bfloat16)
        seen.add(value.data_ptr())
    return found


class Seq2SeqModel:
    """A loaded encoder-decoder.

    Args:
        folder: Where it came from.
        network: One of transformers, in eval mode.
        tokenizer: Its tokenizer.
    """

    def __init__(self, folder: ModelFolder, network: Any, tokenizer: Any) -> None:
        self.folder, self.network, self.tokenizer = folder, network, tokenizer

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Seq2SeqModel:
        """Load a folder whose config.json is that of an encoder-decoder of transformers. Nothing is unpickled, and no
        code from the folder is run.

        Raises:
            UserError: weights are missing or left over, the architecture is unknown, the files are damaged, or its
                tokenizer needs a package that isn't there.
        """
        from transformers import AutoModelForSeq2SeqLM
        from transformers.utils import logging

        for key in ("transformers_weights", "quantization_config", "auto_map"):
            if key in folder.config:
                raise UserError(
                    _("{path} asks for '{key}', which is not supported.", path=folder.path, key=key),
                    _("Give a model whose weights are all in model.safetensors, and that needs no code of its own."),
                    code="model.language",
                )
        _check_sizes(folder)
        tokenizer = _tokenizer(folder)
        logging.disable_progress_bar()  # it would stand in the midst of what commands print
        try:
            network, report = AutoModelForSeq2SeqLM.from_pretrained(
                folder.path,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                attn_implementation="eager",  # quickest for sentences; a stranger's config.json may name one to fetch
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # the library raises many kinds
            raise UserError(
                _(
                    "{path} can't be loaded as an encoder-decoder: {why}.",
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
        if max(tokenizer.get_vocab().values()) >= network.get_input_embeddings().weight.shape[0]:
            raise _unfit(folder, _("the tokenizer has more tokens than they"))
        network.generation_config = _plain_generation(network.generation_config)
        model = cls(folder, network.eval(), tokenizer)
        if model.ours:
            pairs, known = folder.config["directions"], tokenizer.get_vocab()
            if not pairs or not all(
                isinstance(pair, list) and len(pair) == 2 and all(model.knows_mark(code) for code in pair)
                for pair in pairs
            ):
                raise _unfit(folder, "directions")
            if missing := [mark for mark in (tokens.PAD, tokens.END, tokens.SYNTHETIC) if mark not in known]:
                raise _unfit(folder, missing[0])
        return model

    @property
    def ours(self) -> bool:
        """Whether it was trained here, so that ``tokens`` lays out what it reads."""
        return self.folder.config.get("family") == "seq2seq" and isinstance(self.folder.config.get("directions"), list)

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """(from, to) of what it was taught; empty where nothing says so."""
        if not self.ours:
            return ()
        return tuple((str(start), str(to)) for start, to in self.folder.config["directions"])

    def knows_mark(self, language: object) -> bool:
        """Whether it is a language that one of our tokenizers has a mark for."""
        return isinstance(language, str) and tokens.language_mark(language) in self.tokenizer.get_vocab()

    @property
    def longest(self) -> int:
        """Most tokens of a source, with its marks."""
        found = getattr(self.network.config, "max_position_embeddings", None)
        return found if isinstance(found, int) and found > 0 else 4 * LONGEST

    def mark_of(self, language: str) -> str | None:
        """The token by which a model of many languages (M2M100, NLLB, mBART) is told of one; None if it has none."""
        known = self.tokenizer.get_vocab()
        names = (f"__{language}__", _NLLB.get(language, ""), _MBART.get(language, ""), f"{language}_XX")
        return next((name for name in names if name in known), None)

    @property
    def asked(self) -> bool:
        """Whether it is told in English words what to do (T5; Raffel et al. 2020, arXiv 1910.10683, appendix D)."""
        return not self.ours and self.folder.config.get("model_type") in _ASKED

    def _begin(self, start: str, to: str) -> str:
        """What stands before each text, for somebody else's model."""
        if self.asked and start:
            from babel import Locale

            one, other = (Locale.parse(code).english_name for code in (start, to))
            return f"translate {one} to {other}: "
        known = self.tokenizer.get_vocab()
        marks = (f">>{code}<<" for code in (*_MARIAN.get(to, ()), to))
        return next((f"{mark} " for mark in marks if mark in known), "")

    def sources(self, texts: Sequence[str], start: str, to: str) -> list[list[int]]:
        """Tokens of each text in the language ``start``, as the network reads them to write in ``to``."""
        if self.ours:
            return tokens.sources(self.tokenizer, texts, to)
        if (mark := self.mark_of(start)) is not None and hasattr(self.tokenizer, "src_lang"):
            self.tokenizer.src_lang = mark.strip("_") if mark.startswith("__") else mark
        begin = self._begin(start, to)
        return [list(self.tokenizer(begin + text).input_ids) for text in texts]

    def spell(self, numbers: Sequence[int]) -> str:
        """The text of what was written."""
        return " ".join(str(self.tokenizer.decode(list(numbers), skip_special_tokens=True)).split())


def _tokenizer(folder: ModelFolder) -> Any:
    """tokenizer.json where there is one; else what transformers makes of the folder's other files.

    Raises:
        UserError: there is none, or it needs a package that isn't there.
    """
    if (folder.path / TOKENIZER).is_file():
        return tokenizers.read(folder.path)
    from importlib.util import find_spec

    pieces = any((folder.path / name).is_file() for name in ("source.spm", "spiece.model", "sentencepiece.bpe.model"))
    if pieces and find_spec("sentencepiece") is None:
        raise UserError(
            _("The tokenizer in {path} needs the package {package}, which is not installed.", path=folder.path,
              package="sentencepiece"),
            _("Install it (pip install sentencepiece), or choose a model with tokenizer.json."),
            code="model.tokenizer_extra",
        )  # fmt: skip
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises many kinds
        raise UserError(
            _("{path} holds no tokenizer that can be used: {why}.", path=folder.path,
              why=str(error).split("\n")[0][:200]),
            _("It needs tokenizer.json and tokenizer_config.json; take another copy of the model."),
            code="model.tokenizer",
        ) from error  # fmt: skip


def _check_sizes(folder: ModelFolder) -> None:
    """Refuse a config.json that would build without end or take more memory than its weights.

    Raises:
        UserError: a size isn't one that the weights can have.
    """
    config = folder.config
    for key in ("encoder_layers", "decoder_layers", "num_layers", "num_decoder_layers", "num_hidden_layers"):
        value = config.get(key)
        if value is not None and not (isinstance(value, int) and 1 <= value <= folder.tensor_count):
            raise _unfit(folder, key)
    most = (folder.path / WEIGHTS).stat().st_size  # a number takes a byte or more
    width = config.get("d_model")
    limits = {"max_position_embeddings": MOST_POSITIONS, "d_model": most}
    if isinstance(width, int) and width > 0:
        sides = ("vocab_size", "decoder_vocab_size", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff")
        limits |= dict.fromkeys(sides, most // width)
    for key, limit in limits.items():
        value = config.get(key)
        if value is not None and not (isinstance(value, int) and 1 <= value <= limit):
            raise _unfit(folder, key)


def _plain_generation(given: Any) -> Any:
    """Which tokens begin, end and may not be written, as a folder's generation_config.json says; nothing else of it,
    for what steers the search is the caller's to say and stands in the recipe."""
    from transformers import GenerationConfig

    found: dict[str, Any] = {}
    for key in ("decoder_start_token_id", "bos_token_id", "eos_token_id", "pad_token_id", "forced_bos_token_id",
                "forced_eos_token_id", "suppress_tokens", "bad_words_ids"):  # fmt: skip
        value = getattr(given, key, None)
        rows = value if isinstance(value, list) and value else [value]
        flat = [number for row in rows for number in (row if isinstance(row, list) and row else [row])]
        if all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in flat):
            found[key] = value
    return GenerationConfig(**found)


def _unfit(folder: ModelFolder, what: str) -> UserError:
    return UserError(
        _("The weights in {path} don't fit their config.json: {what}.", path=folder.path, what=what),
        _("Take another copy of the model, or train it again."),
        code="model.tensors",
    )
