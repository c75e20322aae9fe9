"""Tokenizers: characters, bytes, byte pairs learnt from a corpus, or that of another model.

All are ``tokenizers`` pipelines behind ``PreTrainedTokenizerFast``, written as tokenizer.json and
tokenizer_config.json, so that ``AutoTokenizer`` reads them with no code of ours.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.i18n import _

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

FORMAT = 1
"""To be raised when the same text would give another tokenizer."""
KINDS = ("chars", "bpe", "bytes")
END = "<|endoftext|>"
"""Begins every document, and so ends the one before it."""
UNKNOWN = "<|unknown|>"
"""A character that the training text doesn't hold (``chars`` only)."""
VOCABULARY = 4096
"""Tokens of ``bpe`` if no number is given."""
CHARACTERS = 60_000
"""Most different characters of ``chars``."""
BYTES = 256
LONGEST = 32
"""Characters of the longest token of ``bpe``."""
SAMPLE = 16 << 20
"""Characters from which ``bpe`` learns at most: what it counts must fit into memory. Of more text it takes evenly
spread pieces."""
PORTION = 1 << 14
"""Characters of such a piece."""


def build(
    kind: str, texts: Iterable[str], *, vocabulary: int = VOCABULARY, characters: int = 0
) -> PreTrainedTokenizerFast:
    """A tokenizer learnt from ``texts``.

    Args:
        kind: ``chars``: one token a character; ``bytes``: one a byte of UTF-8; ``bpe``: byte pairs merged by frequency
            (Sennrich et al. 2016, arXiv 1508.07909), over bytes.
        texts: The training text, in pieces; ``bytes`` doesn't look at it.
        vocabulary: Tokens of ``bpe``, with the 256 bytes and the end of a document.
        characters: How long ``texts`` are together, if they may be longer than ``SAMPLE``.

    Raises:
        UserError: more different characters than ``chars`` can hold.
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    if kind == "chars":
        return _wrapped(_characters(texts))
    if kind == "bytes":
        return _wrapped(_byte_pairs((), BYTES + 1))
    return _wrapped(_byte_pairs(_sampled(texts, characters), vocabulary))


def _sampled(texts: Iterable[str], characters: int) -> Iterator[str]:
    every, number = -(-characters // SAMPLE) or 1, 0
    for text in texts:
        for start in range(0, len(text), PORTION):
            if number % every == 0:
                yield text[start : start + PORTION]
            number += 1


def _characters(texts: Iterable[str]) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    known: set[str] = set()
    for text in texts:
        known.update(text)
    if len(known) > CHARACTERS:
        raise UserError(
            _("The text holds {count} different characters, more than {most}.", count=len(known), most=CHARACTERS),
            _("Train with --tokenizer bpe."),
            code="tokenizer.characters",
        )
    table = {character: number for number, character in enumerate([END, UNKNOWN, *sorted(known)])}
    tokenizer = Tokenizer(models.WordLevel(table, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def _byte_pairs(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=vocabulary > BYTES + 1)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
        max_token_length=LONGEST,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    from transformers import PreTrainedTokenizerFast

    unknown = {"unk_token": UNKNOWN} if tokenizer.token_to_id(UNKNOWN) is not None else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END,
        eos_token=END,
        pad_token=END,
        clean_up_tokenization_spaces=False,
        **unknown,
    )


def read(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of the model in ``folder``: tokenizer.json and tokenizer_config.json; no code is run.

    Raises:
        UserError: there is none, it is damaged, or it marks no end of a text.
    """
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_fast=True)
        found.backend_tokenizer.get_vocab_size()
    except Exception as error:  # the library raises many kinds
        raise UserError(
            _("{path} holds no tokenizer that can be used: {why}.", path=folder, why=str(error).split("\n")[0][:200]),
            _("It needs tokenizer.json and tokenizer_config.json; take another copy of the model."),
            code="model.tokenizer",
        ) from error
    if found.eos_token_id is None:
        raise UserError(
            _("The tokenizer in {path} has no token for the end of a text.", path=folder),
            _("Choose another --tokenizer."),
            code="model.tokenizer",
        )
    # What it cuts or fills up for its own model would be lost from, or added to, the text.
    found.backend_tokenizer.no_truncation()
    found.backend_tokenizer.no_padding()
    if found.eos_token_id in encode(found, [f"a{found.eos_token}b"])[0]:
        raise UserError(
            _("The tokenizer in {path} takes {token} within a text for its end.", path=folder, token=found.eos_token),
            _("Choose another --tokenizer."),
            code="model.tokenizer",
        )
    return found


def size(tokenizer: PreTrainedTokenizerFast) -> int:
    """Numbers that tokens can have, 0 … size - 1; there may be gaps."""
    return max(tokenizer.get_vocab().values()) + 1


def digest(tokenizer: PreTrainedTokenizerFast) -> str:
    """SHA-256 of all that decides which numbers a text gets."""
    return sha256_bytes(f"{tokenizer.eos_token_id} {tokenizer.backend_tokenizer.to_str()}".encode())


def files(tokenizer: PreTrainedTokenizerFast) -> dict[str, bytes]:
    """tokenizer.json and tokenizer_config.json, as ``AutoTokenizer`` reads them."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        names = ("tokenizer.json", "tokenizer_config.json")
        found = {name: (Path(folder) / name).read_bytes() for name in names}
    if "TokenizersBackend" in (settings := json.loads(found[names[1]])).get("tokenizer_class", ""):
        # The name by which transformers knew it before version 5, and knows it still.
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
        found[names[1]] = json.dumps(settings, indent=2, ensure_ascii=False).encode()
    return found


def kept(path: Path) -> PreTrainedTokenizerFast | None:
    """The tokenizer in ``path``, a tokenizer.json of ``build``; None if there is none that can be read."""
    found = kept_backend(path)
    return None if found is None else _wrapped(found)


def kept_backend(path: Path) -> Tokenizer | None:
    """The pipeline in ``path``, a tokenizer.json; None if there is none that can be read."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception:  # the library raises plain exceptions; it is then made again
        return None


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    """Numbers of the tokens of each text. What looks like a special token in a text is text."""
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True
    return [found.ids for found in backend.encode_batch_fast(texts, add_special_tokens=False)]
