"""Corpora: material of one's own with its card, opened safely and split without leaks."""

from luokuan.foundation.corpus.card import Card
from luokuan.foundation.corpus.reader import Broken, Item, PictureCorpus, open_corpus

__all__ = ["Broken", "Card", "Item", "PictureCorpus", "open_corpus"]
