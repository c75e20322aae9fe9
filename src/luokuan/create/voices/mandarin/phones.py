"""The sounds of a syllable in the International Phonetic Alphabet, with their times.

After Lee and Zee (2003), "Standard Chinese (Beijing)", Journal of the International Phonetic Association 33:109.
"""

from __future__ import annotations

from functools import lru_cache

from luokuan.create.voices.mandarin.syllables import Syllable
from luokuan.create.voices.voice import Phone

INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "zh": "ʈʂ", "ch": "ʈʂʰ", "sh": "ʂ", "r": "ʐ", "z": "ts", "c": "tsʰ", "s": "s",
}  # fmt: skip
_VOWELS = {"a": "a", "o": "o", "e": "ɤ", "i": "i", "u": "u", "v": "y"}
_APICAL = ("zh", "ch", "sh", "r", "z", "c", "s")  # after these i is a vowel of its own
_BURST = 0.012
"""Seconds for which lips stay closed after the closure of a stop has ended."""
_BEFORE = 0.05
"""Seconds of closure before a stop that begins a phrase: nothing is heard of it."""
_VOICED = 0.07
"""Seconds of an initial that has a voice."""
_NASAL = 0.7
"""Of a vowel with a nasal after it, the vowel's own part."""


@lru_cache(maxsize=2048)
def sounds_of(base: str, r: bool = False) -> tuple[str, tuple[str, ...]]:
    """The initial of a syllable such as ``zhuang``, empty if it has none, and the sounds of its final."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    initial = to_initials(base, strict=True)
    final = to_finals(base, strict=True, v_to_u=False).replace("ü", "v") or base
    if final == "er":
        return INITIALS.get(initial, ""), ("ɑ", "ɻ")
    nasal = "ŋ" if final.endswith("ng") else "n" if final.endswith("n") else ""
    letters = final.removesuffix("g").removesuffix("n") if nasal else final
    vowels = [_VOWELS.get(letter, "ə") for letter in letters]
    if letters == "i" and initial in _APICAL:
        vowels = ["ɨ"]
    elif letters.endswith("e") and nasal:
        vowels[-1] = "ə"
    elif letters in ("ia", "va") and nasal == "n":
        vowels[-1] = "ɛ"  # as in 天 and 园
    elif letters in ("ie", "ve", "ei", "uei"):
        vowels[letters.index("e")] = "e"
    closing = "ɻ" if r else nasal
    return INITIALS.get(initial, ""), (*vowels, *([closing] if closing else []))


def phones_of(syllable: Syllable, closed: float, start: float, onset: float, end: float) -> tuple[Phone, ...]:
    """The sounds of a syllable.

    Args:
        syllable: The syllable.
        closed: Where the closure of a stop within a phrase begins; else as ``start``.
        start: Where its sound begins.
        onset: Where its voice sets in.
        end: Where it ends.
    """
    initial, final = sounds_of(syllable.base, syllable.r)
    found: list[Phone] = []
    if initial in ("p", "pʰ"):
        found.append(Phone(initial, min(closed, start - _BEFORE), start + _BURST))
        if onset > start + _BURST:
            found.append(Phone("h", start + _BURST, onset))
    elif initial:
        if initial in ("m", "n", "l", "ʐ"):  # the voice sets in with them
            onset = max(onset, start + min(_VOICED, 0.35 * (end - start)))
        found.append(Phone(initial, closed, onset))
    begin = onset if initial else start
    closing = len(final) > 1 and final[-1] in ("n", "ŋ", "ɻ")
    vowels = final[:-1] if closing else final
    cut = begin + _NASAL * (end - begin) if closing else end
    step = (cut - begin) / len(vowels)
    found += [Phone(one, begin + k * step, begin + (k + 1) * step) for k, one in enumerate(vowels)]
    if closing:
        found.append(Phone(final[-1], cut, end))
    return tuple(found)
