"""The letters that a stranger's VITS knows: vocab.json and tokenizer_config.json, read as transformers'
``VitsTokenizer`` reads them, without any package that they might ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import TOKENIZER_FILES, read_json
from luokuan.i18n import _
from luokuan.models.vits.config import MOST_LETTERS

if TYPE_CHECKING:
    from pathlib import Path

VOCABULARY, SETTINGS = "vocab.json", TOKENIZER_FILES[1]
_CLASS = "VitsTokenizer"
_BLANK = 0
_ALIKE = {"’": "'", "‘": "'", "ʼ": "'"}
"""What is written for what a vocabulary may have instead."""


@dataclass(frozen=True, slots=True)
class Letters:
    """What the network reads.

    Args:
        numbers: Of each letter, its number.
        blank: Whether a blank stands before, between and behind letters.
        folds: Whether capitals that have no number are read as small letters.
        romanised: Whether it learnt on text that the package uroman had put into Latin letters.
        language: As the tokenizer names it, mostly ISO 639-3, or empty.
    """

    numbers: Mapping[str, int]
    blank: bool
    folds: bool
    romanised: bool
    language: str

    def known(self, letter: str) -> str:
        """What stands for ``letter``, one character, in the vocabulary: nothing, or as a rule one letter."""
        for one in (letter, _ALIKE.get(letter, letter)):
            if one in self.numbers:
                return one
        small = letter.lower() if self.folds else letter
        if self.language == "ron":
            small = small.replace("ț", "ţ")
        return "".join(one for one in small if one in self.numbers)

    def spelt(self, text: str) -> list[tuple[str, int]]:
        """The letters of ``text`` that have a number, each with its place; white space as one space between them."""
        found: list[tuple[str, int]] = []
        for place, letter in enumerate(text):
            if letter.isspace():
                if found and found[-1][0] != " " and " " in self.numbers:
                    found.append((" ", place))
                continue
            found += [(one, place) for one in self.known(letter)]
        while found and found[-1][0] == " ":
            found.pop()
        return found

    def coded(self, letters: str) -> list[int]:
        """The numbers of letters, with blanks where there are any: letter k is at 2 k + 1, else at k."""
        own = [self.numbers[letter] for letter in letters]
        if not self.blank:
            return own
        spaced = [_BLANK] * (2 * len(own) + 1)
        spaced[1::2] = own
        return spaced


def read_letters(path: Path, size: int = MOST_LETTERS) -> Letters:
    """The letters of the model in the folder ``path``.

    Args:
        path: The folder.
        size: Rows of the embedding: a number must be below it.

    Raises:
        UserError: files are missing or damaged, numbers are none of the network's, or the text must first be turned
            into phonemes: the program for that is under the GPL and isn't used.
    """
    found, settings = (read_json(path / name, required=False) for name in (VOCABULARY, SETTINGS))
    if not found or not settings:
        raise _unusable(path, _("{file} is missing", file=SETTINGS if found else VOCABULARY))
    if "auto_map" in settings or settings.get("tokenizer_class", _CLASS) != _CLASS:
        raise _unusable(path, _("it asks for a tokenizer of its own"))
    flags = {"add_blank": True, "normalize": True, "phonemize": True, "is_uroman": False}
    said = {key: settings.get(key, usual) for key, usual in flags.items()}
    if not all(type(value) is bool for value in said.values()):
        raise _unusable(path, _("{file} is damaged", file=SETTINGS))
    if said["phonemize"]:
        raise UserError(
            _("'{name}' reads phonemes, which only programs under the GPL make of a text: they aren't used here.",
              name=path.name),
            _("Choose a model that reads letters (\"phonemize\": false), such as those of MMS-TTS."),
            code="model.phonemes",
        )  # fmt: skip
    fine = len(found) <= MOST_LETTERS and all(type(number) is int and 0 <= number < size for number in found.values())
    if not fine or len(set(found.values())) != len(found) or (said["add_blank"] and _BLANK not in found.values()):
        raise _unusable(path, _("its numbers are none of the network's"))
    language = settings.get("language")
    return Letters(
        {letter: number for letter, number in found.items() if len(letter) == 1},
        said["add_blank"],
        said["normalize"],
        said["is_uroman"],
        language[:16] if isinstance(language, str) else "",
    )


def _unusable(path: Path, why: str) -> UserError:
    return UserError(
        _("{path} holds no tokenizer that can be used: {why}.", path=path, why=why),
        _("It needs {files} of transformers' VitsTokenizer; take another copy of the model.",
          files=f"{VOCABULARY}, {SETTINGS}"),
        code="model.tokenizer",
    )  # fmt: skip
