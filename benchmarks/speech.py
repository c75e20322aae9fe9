"""What the voices are worth: word error rate, tones, syllables, clicks, speed.

    python benchmarks/speech.py [--english SENTENCES] [--chinese SENTENCES] [--count 50] [--pictures FOLDER] [--json]

SENTENCES is a text of one sentence a line, such as those of Mozilla Common Voice (CC0 1.0). ``--count`` of them are
drawn by the seed: English of 5 to 12 words that pocketsphinx's dictionary knows, Chinese of 6 to 20 characters.

English is heard by pocketsphinx with its en-us model twice: ``grammar`` lets it choose among these sentences alone,
``free`` among all texts of its trigram model of 2016, which is weak: its own errors count too.

There is no Chinese recogniser; what is measured instead is how much of the recorded syllables is left. ``tones``: the
pitch of syllables between two others, against the mean contours of the recordings of the four tones: the nearest one,
level and shape, is the tone that counts as heard. ``syllables``: these are compared by dynamic
time warping of MFCCs with recordings of 100 syllables in another tone, so that no waveform is met again; ``ceiling`` is
the same for the recordings themselves. ``clicks``: the recordings hold nothing above 8 kHz, so that energy above 9.6
kHz comes from breaks in the wave; the worst 2 ms against the whole, in dB, beside that of the recordings.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from luokuan.create.voices.mandarin import pitch
from luokuan.create.voices.mandarin.pack import open_pack
from luokuan.create.voices.mandarin.speaking import FOLDER, speak_syllables
from luokuan.create.voices.registry import voice_of

RATE = 24_000
HEARD = 16_000
OTHERS = 100
"""Syllables among which one is to be told."""
Samples = NDArray[np.float32]


def drawn(path: Path, fits: Any, count: int, seed: int) -> list[str]:
    """``count`` different lines of a text that fit, by the seed."""
    lines = sorted({line.strip() for line in path.read_text(encoding="utf-8").splitlines()})
    order = np.random.default_rng(seed).permutation(len(lines))
    found = (lines[place] for place in order if fits(lines[place]))
    return [line for _number, line in zip(range(count), found, strict=False)]


def spoken(name: str, text: str) -> Samples:
    """What the voice says."""
    return np.concatenate([said.sound.samples[0] for said in voice_of(name).say(text)])


def words_of(text: str) -> list[str]:
    """The words of an English sentence, in lower case without marks."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


def errors(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Words that must be put in, taken out or changed (Levenshtein 1966)."""
    row = list(range(len(found) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def english(path: Path, count: int, seed: int) -> dict[str, Any]:
    """Word error rates and speed of the English voice."""
    from pocketsphinx import Decoder

    free = Decoder(samprate=float(HEARD), loglevel="FATAL")

    def fits(line: str) -> bool:
        words = words_of(line)
        plain = re.fullmatch(r"[A-Za-z ,.'’?!]+", line) is not None
        return plain and 5 <= len(words) <= 12 and all(free.lookup_word(word) for word in words)

    lines = drawn(path, fits, count, seed)
    spoken("heart", "Ready.")
    begun = time.perf_counter()
    sounds = [spoken("heart", line) for line in lines]
    took = time.perf_counter() - begun
    rules = " | ".join(" ".join(words_of(line)) for line in lines)
    grammar = Decoder(samprate=float(HEARD), loglevel="FATAL", lm=None)
    grammar.add_jsgf_string("lines", f"#JSGF V1.0; grammar g; public <line> = {rules};")
    grammar.activate_search("lines")
    total = sum(len(words_of(line)) for line in lines)
    found: dict[str, Any] = {"sentences": len(lines), "words": total}
    for name, decoder in (("grammar", grammar), ("free", free)):
        heard = [_heard(decoder, sound) for sound in sounds]
        wrong = sum(errors(words_of(line), one) for line, one in zip(lines, heard, strict=True))
        found[name] = {"word_error_rate": wrong / total, "errors": wrong}
        found[name]["examples"] = [[line, " ".join(one)] for line, one in zip(lines, heard, strict=True)][:5]
    return found | {"times_real_time": sum(map(len, sounds)) / RATE / took}


def _heard(decoder: Any, sound: Samples) -> list[str]:
    half = np.zeros(HEARD // 4, np.int16)
    samples = np.asarray(resample_poly(sound, HEARD, RATE) * 32_000, np.int16)
    decoder.start_utt()
    decoder.process_raw(np.concatenate([half, samples, half]).tobytes(), full_utt=True)
    decoder.end_utt()
    return [] if decoder.hyp() is None else words_of(decoder.hyp().hypstr)


def mfcc(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Cepstra 1 to 12 of 25 ms each 12 ms, their means taken away, (frames, 12)."""
    size, hop = round(0.025 * rate), round(0.012 * rate)
    padded = np.pad(np.asarray(samples, np.float64), (0, max(0, size - len(samples)) + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hamming(size)
    power = np.abs(np.fft.rfft(frames, 1024, axis=1)) ** 2
    mel = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 7000 / 700), 28)
    edges = 700 * (10 ** (mel / 2595) - 1) / rate * 1024
    bins = np.arange(power.shape[1])
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    energy = np.log(power @ np.maximum(0, np.minimum(rising, falling)).T + 1e-6)  # (frames, 26)
    place = np.pi * np.arange(1, 13)[:, None] * (np.arange(26)[None] + 0.5) / 26
    cepstra = energy @ np.cos(place).T
    return np.asarray(cepstra - cepstra.mean(axis=0))


def warped(one: NDArray[np.float64], others: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Distances of ``one`` to each of ``others`` by dynamic time warping, per step of ``one``."""
    longest = max(map(len, others))
    stacked = np.stack([np.pad(other, ((0, longest - len(other)), (0, 0)), constant_values=1e3) for other in others])
    costs = np.sqrt(((one[:, None, None] - stacked[None]) ** 2).sum(axis=3))  # (frames, others, longest)
    total = np.cumsum(costs[0], axis=1)
    for cost in costs[1:]:
        row = np.empty_like(total)
        row[:, 0] = total[:, 0] + cost[:, 0]
        for place in range(1, longest):
            best = np.minimum(np.minimum(total[:, place], total[:, place - 1]), row[:, place - 1])
            row[:, place] = best + cost[:, place]
        total = row
    ends = np.array([len(other) - 1 for other in others])
    return np.asarray(total[np.arange(len(others)), ends] / (len(one) + ends + 1))


def recorded(name: str) -> Samples:
    """The voiced and voiceless part of a recording, at 24 kHz."""
    unit = open_pack(FOLDER).unit(name)
    part = unit.samples[round(unit.start * unit.rate) : round(unit.end * unit.rate)]
    return np.asarray(resample_poly(part, 1, unit.rate // RATE), np.float32)


def syllables_and_tones(count: int, seed: int) -> dict[str, Any]:
    """How many syllables and tones are still what they were recorded as."""
    random = np.random.default_rng(seed)
    pack = open_pack(FOLDER)
    bases = sorted({name[:-1] for name in pack.entries})
    asked = [str(name) for name in random.choice(sorted(pack.entries), count, replace=False)]
    templates = {int(tone): np.log2(np.array(values)) for tone, values in pack.tones.items()}
    cache: dict[str, NDArray[np.float64]] = {}
    right = {"tones": 0, "said": [0, 0], "ceiling": [0, 0]}
    wrong: dict[str, int] = {}
    for name in asked:
        tone = int(name[-1])
        around = [f"{random.choice(['ta', 'ma', 'li'])}{random.choice([1, 4])}" for _side in range(2)]
        sound = speak_syllables([around[0], name, around[1]])
        word = sound.words[1]
        samples = sound.samples[0, round(word.start * RATE) : round(word.end * RATE)]
        inside = word.start + np.linspace(0.5, 1.0, 10) * (word.end - word.start)
        contour = np.log2(np.maximum(pitch.track(sound.samples[0], RATE).at(inside), 50))
        # The first half still comes from the tone before.
        heard = min(templates, key=lambda t: float(np.abs(contour[3:] - _half(templates[t])[3:]).mean()))
        right["tones"] += heard == tone
        if heard != tone:
            wrong[f"{tone}→{heard}"] = wrong.get(f"{tone}→{heard}", 0) + 1
        other = tone % 4 + 1
        able = [base for base in bases if base != name[:-1] and f"{base}{other}" in pack]
        rivals = [name[:-1], *map(str, random.choice(able, OTHERS - 1, replace=False))]
        for one in (name, *(f"{base}{other}" for base in rivals)):
            if one not in cache:
                cache[one] = mfcc(recorded(one), RATE)
        for kind, query in (("said", mfcc(samples, RATE)), ("ceiling", cache[name])):
            far = warped(query, [cache[f"{base}{other}"] for base in rivals])
            place = int((far < far[0]).sum())
            right[kind][0] += place == 0
            right[kind][1] += place < 5
    shares = {
        kind: {"first": right[kind][0] / count, "among_five": right[kind][1] / count} for kind in ("said", "ceiling")
    }
    return {"asked": count, "among": OTHERS, "tones": right["tones"] / count, "confused": wrong, **shares}


def _half(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(np.linspace(0.5, 1, 10), np.linspace(0, 1, len(contour)), contour)


def worst_click(samples: Samples) -> float:
    """The worst 2 ms above 9.6 kHz against the whole, in dB."""
    above = sosfilt(butter(8, 9_600, "highpass", fs=RATE, output="sos"), samples.astype(np.float64))
    size = round(0.002 * RATE)
    count = len(above) // size
    power = (above[: count * size].reshape(count, size) ** 2).mean(axis=1)
    return float(10 * np.log10(power.max() / np.mean(samples.astype(np.float64) ** 2) + 1e-12))


def chinese(path: Path, count: int, seed: int, pictures: Path | None) -> dict[str, Any]:
    """Clicks and speed of the Mandarin voice on sentences."""
    fits = re.compile(r"[\u4e00-\u9fff，、]{6,20}[。！？]").fullmatch
    lines = drawn(path, fits, count, seed)
    spoken("mandarin", "好。")
    begun = time.perf_counter()
    sounds = [spoken("mandarin", line) for line in lines]
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    for line in lines:
        spoken("mandarin", line)
    took = time.perf_counter() - begun
    seconds = sum(map(len, sounds)) / RATE
    letters = sum(len(re.findall(r"[\u4e00-\u9fff]", line)) for line in lines)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        for number, sound in enumerate(sounds[:5]):
            draw(sound, pictures / f"{number}.png")
        (pictures / "texts.txt").write_text("\n".join(lines[:5]) + "\n", encoding="utf-8")
    clicks = [worst_click(sound) for sound in sounds]
    names = sorted(open_pack(FOLDER).entries)[::20]
    own = [worst_click(recorded(name)) for name in names]
    return {
        "sentences": len(lines),
        "times_real_time": seconds / took,
        "times_real_time_at_first": seconds / first,
        "characters_a_minute": letters * 60 / seconds,
        "worst_click_db": {"median": float(np.median(clicks)), "most": max(clicks)},
        "recordings_db": {"median": float(np.median(own)), "most": max(own)},
    }


def draw(samples: Samples, path: Path) -> None:
    """A spectrogram up to 8 kHz with the pitch in red (80 to 400 Hz)."""
    from PIL import Image, ImageDraw

    hop = round(0.005 * RATE)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 256), 512)[::hop] * np.hanning(512)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames, 1024)) + 1e-4).T[: round(8_000 / RATE * 1024)][::-1]
    image = Image.fromarray((255 * (1 - np.clip((level + 30) / 60, 0, 1))).astype(np.uint8)).convert("RGB")
    image = image.resize((2 * image.width, image.height))
    pen = ImageDraw.Draw(image)
    for number, hertz in enumerate(pitch.track(samples, RATE).hertz):
        if hertz > 0:
            height = image.height * (1 - (hertz - 80) / 320)
            pen.ellipse((2 * number - 1, height - 1, 2 * number + 1, height + 1), fill=(220, 0, 0))
    image.save(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--english", type=Path)
    parser.add_argument("--chinese", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {"seed": options.seed}
    if options.english is not None:
        found["english"] = english(options.english, options.count, options.seed)
    if options.chinese is not None:
        found["chinese"] = chinese(options.chinese, options.count, options.seed, options.pictures)
        found["syllables"] = syllables_and_tones(options.count, options.seed)
    print(json.dumps(found, indent=None if options.json else 1, ensure_ascii=False))


if __name__ == "__main__":
    main()
