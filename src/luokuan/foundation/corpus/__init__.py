"""Corpora: material of one's own with its card, opened safely and split without leaks."""

from luokuan.foundation.corpus.base import Corpus
from luokuan.foundation.corpus.card import Card
from luokuan.foundation.corpus.examples import Example, ExampleCorpus, holds_examples, open_examples
from luokuan.foundation.corpus.parallel import Pair, ParallelCorpus, open_parallel
from luokuan.foundation.corpus.reader import Broken, Item, PictureCorpus, open_corpus
from luokuan.foundation.corpus.texts import TextCorpus, open_texts

__all__ = [
    "Broken",
    "Card",
    "Corpus",
    "Example",
    "ExampleCorpus",
    "Item",
    "Pair",
    "ParallelCorpus",
    "PictureCorpus",
    "TextCorpus",
    "holds_examples",
    "open_corpus",
    "open_examples",
    "open_parallel",
    "open_texts",
]
