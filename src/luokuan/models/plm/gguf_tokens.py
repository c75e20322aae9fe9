"""A tokenizer as llama.cpp reads it from a GGUF file: byte pairs, with the name of how text is cut before them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.chat import chat_template
from luokuan.models.plm.model import PlmModel

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
"""Kinds of tokens (``llama_token_type`` of llama.cpp)."""
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF file says of a tokenizer.

    Args:
        tokens: By number, without gaps; bytes are spelt as GPT-2 spells them.
        kinds: Of each token.
        merges: Two tokens each, parted by a space; the first one counts most.
        pre: llama.cpp's name of the pattern by which text is cut into words.
        begins: Whether the begin token goes before each text.
        begin: The token that begins documents, if any.
        end: The token that ends them.
        template: The chat template, if any.
    """

    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    merges: tuple[str, ...]
    pre: str
    begins: bool
    begin: int | None
    end: int
    template: str | None


def vocabulary_of(model: PlmModel) -> Vocabulary:
    """The model's tokenizer for llama.cpp.

    Raises:
        UserError: llama.cpp has none like it.
    """
    tokenizer = model.tokenizer
    table: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    merges = _merges(table["model"])
    pre = _pattern(table) if merges else None
    if pre is None:
        raise UserError(
            _(
                "llama.cpp has no tokenizer like that of '{name}', which cuts text into {what}.",
                name=model.folder.name,
                what=_what(table),
            ),
            _("Train with --tokenizer bpe, or export with --to hub-folder."),
            code="export.tokenizer",
        )
    added = {int(entry["id"]): entry for entry in table["added_tokens"]}
    named = {number: token for token, number in tokenizer.get_vocab().items()}
    numbers = range(tokenizers.size(tokenizer))
    kinds = [
        (CONTROL if added[n]["special"] else USER_DEFINED) if n in added else NORMAL if n in named else UNUSED
        for n in numbers
    ]
    template, begin = chat_template(model), _begin(model)
    # Each document of our training begins with a mark. So does a chat of ours: llama.cpp then leaves one of two marks
    # out. Where a template has none, a chat begins without.
    own = model.folder.config.get("family") == "plm" and (template is None or "bos_token" in template)
    return Vocabulary(
        tokens=tuple(named.get(n, f"[unused {n}]") for n in numbers),
        kinds=tuple(kinds),
        merges=merges,
        pre=pre,
        begins=begin is not None and (own or tokenizer("a")["input_ids"][:1] == [begin]),
        begin=begin,
        end=int(tokenizer.eos_token_id),
        template=template,
    )


def _merges(found: dict[str, Any]) -> tuple[str, ...]:
    plain = found["type"] == "BPE" and not any(
        found.get(key)
        for key in (
            "dropout", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
        )
    )  # fmt: skip
    return tuple(pair if isinstance(pair, str) else " ".join(pair) for pair in found["merges"]) if plain else ()


def _pattern(table: dict[str, Any]) -> str | None:
    """llama.cpp's name of how words are parted; None where it has none."""
    steps = _steps(table["pre_tokenizer"])
    if not steps or steps[-1].get("type") != "ByteLevel" or steps[-1].get("add_prefix_space"):
        return None
    normalised = (table["normalizer"] or {}).get("type")
    if len(steps) == 1:
        return "gpt-2" if steps[0].get("use_regex", True) and normalised is None else None
    split = {"type": "Split", "pattern": {"Regex": _QWEN2}, "behavior": "Isolated", "invert": False}
    # llama.cpp leaves out Qwen's NFC, which changes hardly a text.
    known = steps[:-1] == [split] and not steps[-1].get("use_regex", True) and normalised in (None, "NFC")
    return "qwen2" if known else None


def _steps(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    return list(found["pretokenizers"]) if found["type"] == "Sequence" else [found]


def _what(table: dict[str, Any]) -> str:
    if table["model"]["type"] == "WordLevel":
        return _("characters")
    if table["model"]["type"] == "BPE" and not table["model"]["merges"]:
        return _("bytes")
    return _("pieces of another kind")


def _begin(model: PlmModel) -> int | None:
    found = getattr(model.network.config.get_text_config(decoder=True), "bos_token_id", None)
    return found if isinstance(found, int) else model.tokenizer.bos_token_id
