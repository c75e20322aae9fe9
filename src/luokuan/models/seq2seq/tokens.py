"""The tokenizer of both languages, and how a pair is laid out in tokens.

A source is ``>>zh<<``, its text and ``</s>``: the first token says into which language (Johnson et al. 2017, arXiv
1611.04558). A source that a machine wrote has ``<bt>`` after it (Caswell et al. 2019, arXiv 1906.06442), so that its
faults aren't taken for those of people. A target is its text and ``</s>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.models.plm.tokenizers import LONGEST, encode, kept_backend

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

FORMAT = 1
"""To be raised when the same text would give another tokenizer."""
PAD, END, SYNTHETIC = "<pad>", "</s>", "<bt>"
VOCABULARY = 6144
"""Tokens if no number is given."""


def language_mark(language: str) -> str:
    """The token that asks for a language."""
    return f">>{language}<<"


def build(texts: Iterable[str], languages: Sequence[str], *, vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Byte pairs merged by frequency (Sennrich et al. 2016, arXiv 1508.07909) over the bytes of both languages.

    Args:
        texts: The training text of all languages.
        languages: Their codes.
        vocabulary: Tokens, with the 256 bytes and the marks.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    # What follows the mark of a language begins a text, with or without a space between.
    marks = [AddedToken(language_mark(language), rstrip=True, special=True) for language in languages]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, SYNTHETIC, *marks],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
        max_token_length=LONGEST,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return wrapped(tokenizer)


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """As transformers takes it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def kept(path: Path) -> PreTrainedTokenizerFast | None:
    """The tokenizer in ``path``, a tokenizer.json of ``build``; None if there is none that can be read."""
    found = kept_backend(path)
    return None if found is None else wrapped(found)


def sources(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], to: str, *, synthetic: bool = False
) -> list[list[int]]:
    """Tokens of texts that are to be turned into the language ``to``; marks in a text are text."""
    number = tokenizer.convert_tokens_to_ids
    begin = [number(language_mark(to)), *([number(SYNTHETIC)] if synthetic else [])]
    end = number(END)
    return [[*begin, *row, end] for row in encode(tokenizer, list(texts))]


def targets(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """Tokens of what is to be written, with their end."""
    end = tokenizer.convert_tokens_to_ids(END)
    return [[*row, end] for row in encode(tokenizer, list(texts))]
