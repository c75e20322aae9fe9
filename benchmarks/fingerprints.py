"""How fast fingerprints are looked up, what survives which attack, and how often strangers are taken for ours.

    python benchmarks/fingerprints.py [--rows 1000000] [--pictures FOLDER ...] [--sounds FOLDER ...]
                                      [--texts FOLDER ...] [--join 1 4] [--items 200] [--seed 0] [--json]

Look-up: milliseconds, median and worst of 21, among ``--rows`` random fingerprints of each kind (sounds: 60
sub-fingerprints each, about ten seconds), for one that is there with some of its bits wrong; beside it, for pictures,
numpy.unpackbits over the same bytes and plain Python integers over a hundredth of them. Load: CPU seconds to read as
many pictures' fingerprints from a home's SQLite file.

Attacks: ``--items`` pictures (enlarged and labelled as in finish()), sounds and passages of each folder, drawn at
random; differing bits, median and largest, and the share that is found by the rules of ``verify``, in per cent. A
folder holds pictures, sounds or .txt files, at any depth. Sounds: each item is so many clips as ``--join`` says, one
after the other.

False: pairs of different items of a folder that count as the same. ``stranger``: the labelled one against the others
without label. Some folders hold true near-duplicates.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from luokuan.colophon.enlarge import enlarge
from luokuan.colophon.fingerprint import QUALITY, Fingerprint, fingerprints_of
from luokuan.colophon.fingerprint import picture as pictures
from luokuan.colophon.fingerprint import sound as sounds
from luokuan.colophon.fingerprint import text as texts
from luokuan.colophon.fingerprint.base import PDQ_SURE
from luokuan.colophon.fingerprint.lookup import BIT_ERROR, PDQ_DISTANCE, Postings, Scan, bit_error, subfingerprints
from luokuan.colophon.fingerprint.register import _Shelf
from luokuan.colophon.label import LabelOptions, write_label
from luokuan.media import Picture
from luokuan.store.database import open_database
from luokuan.store.home import ELSEWHERE, open_home

REPEATS = 21
LENGTH = 60  # sub-fingerprints


def milliseconds(work: Callable[[], object]) -> dict[str, float]:
    """Median and worst of some repeats."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - began))
    return {"median_ms": median(times), "worst_ms": max(times)}


def differing(one: bytes, other: bytes) -> int:
    """Bits in which two fingerprints differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def lookup(rows: int, rng: np.random.Generator) -> dict[str, Any]:
    """Look-up among random fingerprints."""
    found: dict[str, Any] = {"rows": rows}
    for kind, width, within in (("picture", 32, PDQ_DISTANCE), ("text", 8, texts.MAYBE)):
        bits = rng.bytes(width * rows)
        scan, place = Scan(width // 8), rows // 2
        scan.add(bits)
        wanted = bytearray(bits[width * place : width * (place + 1)])
        wanted[0] ^= 0b111
        assert scan.near(bytes(wanted), within)[0].place == place
        found[kind] = milliseconds(lambda s=scan, w=bytes(wanted), n=within: s.near(w, n))
        if kind == "picture":
            table, few = np.frombuffer(bits, np.uint8).reshape(-1, width), rows // 100
            whole = np.frombuffer(bytes(wanted), np.uint8)
            hundredth = [int.from_bytes(bits[at : at + width]) for at in range(0, width * few, width)]
            number = int.from_bytes(wanted)
            began = time.perf_counter()
            np.unpackbits(table ^ whole, axis=1).sum(axis=1).argmin()
            found["unpackbits_ms"] = 1e3 * (time.perf_counter() - began)
            began = time.perf_counter()
            min((one ^ number).bit_count() for one in hundredth)
            found["plain_python_ms"] = 1e5 * (time.perf_counter() - began)
    postings = Postings()
    heard = rng.integers(0, 2**32, (rows, LENGTH), dtype=np.uint32)
    began = time.process_time()
    postings.add([row.tobytes() for row in heard])
    found["sound_index_cpu_s"] = time.process_time() - began
    place = rows // 2
    wrong = np.packbits(rng.random((LENGTH, 32)) < 0.05, axis=1).view(np.uint32)[:, 0]
    wanted = heard[place] ^ wrong

    def listen() -> int:
        places = postings.candidates(wanted.tobytes())
        fits = [(bit_error(wanted, heard[one]) or (1, 1), one) for one in places]
        return min(fits, key=lambda fit: fit[0][0] / fit[0][1])[1]

    assert listen() == place
    found["sound"] = milliseconds(listen)
    return found


def load(rows: int, rng: np.random.Generator) -> dict[str, float]:
    """Reading the fingerprints of a home."""
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(folder)
        open_database(home).close()
        bits = rng.bytes(32 * rows)
        raw = sqlite3.connect(home.database)  # without foreign keys: no works stand behind these rows
        raw.executemany(
            "INSERT INTO fingerprint(work_id, number, kind, bits, quality) VALUES (?, 0, 'picture', ?, 90)",
            ((f"{i:016x}", bits[32 * i : 32 * i + 32]) for i in range(rows)),
        )
        raw.commit()
        raw.close()
        with open_database(home) as database, database.read() as connection:
            shelf = _Shelf("picture")
            times = []
            for _ in range(2):
                began = time.process_time()
                shelf.refresh(connection)
                times.append(time.process_time() - began)
            assert len(shelf.scan) == rows
    return {"first_cpu_s": times[0], "again_cpu_s": times[1]}


def files(folder: Path, endings: set[str], count: int, seed: int) -> list[Path]:
    """Some files, the same ones for the same seed."""
    every = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
    return random.Random(seed).sample(every, min(count, len(every)))


def opened(path: Path) -> Image.Image:
    """A picture on white, RGB."""
    with Image.open(path) as image:
        whole = image.convert("RGBA")
    below = Image.new("RGBA", whole.size, "white")
    below.alpha_composite(whole)
    return below.convert("RGB")


def saved(image: Image.Image, format: str, quality: int) -> Image.Image:
    """Through a file."""
    out = io.BytesIO()
    image.save(out, format, quality=quality)
    with Image.open(out) as again:
        return again.convert("RGB")


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without ``share`` of each side, half of it from each end."""
    x, y = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((x, y, image.width - x, image.height - y))


PICTURE_ATTACKS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 50": lambda image: saved(image, "JPEG", 50),
    "jpeg 30": lambda image: saved(image, "JPEG", 30),
    "webp 60": lambda image: saved(image, "WEBP", 60),
    "half size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "blur 2": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "crop 2 %": lambda image: cropped(image, 0.02),
    "crop 10 %": lambda image: cropped(image, 0.1),
}


def share(found: list[bool]) -> float:
    """Per cent."""
    return 100 * sum(found) / len(found)


def summary(distances: list[float], found: list[bool]) -> dict[str, float]:
    """What one attack did."""
    return {"median": median(distances), "most": max(distances), "found": share(found)}


def of_pictures(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Attacks on pictures, and false matches."""
    bare = [opened(path) for path in files(folder, {".png", ".jpg", ".jpeg", ".webp"}, count, seed)]
    works = []
    for image in bare:
        large = enlarge(Picture(np.asarray(image)), "lanczos")
        works.append(Image.fromarray(write_label(large, LabelOptions()).pixels))
    kept = [pictures.of_pixels(np.asarray(work)) for work in works]
    usable = [one.quality >= QUALITY["picture"] for one in kept]
    found: dict[str, Any] = {"items": len(works), "plain": usable.count(False), "attacks": {}}
    for name, attack in PICTURE_ATTACKS.items():
        seen = [pictures.of_pixels(np.asarray(attack(work))) for work in works]
        bits = [differing(one.bits, other.bits) for one, other in zip(kept, seen, strict=True)]
        good = [one.quality >= QUALITY["picture"] for one in seen]
        usable_bits = [n if min(a, b) else 256 for n, a, b in zip(bits, usable, good, strict=True)]
        figures = summary([float(n) for n in bits], [n <= PDQ_SURE for n in usable_bits])
        found["attacks"][name] = {**figures, "or hinted at": share([n <= PDQ_DISTANCE for n in usable_bits])}
    strangers = [pictures.of_pixels(np.asarray(image)) for image in bare]
    found["false"] = {
        "labelled": false_pictures(kept, kept),
        "stranger": false_pictures(kept, strangers),
    }
    return found


def false_pictures(ones: list[Fingerprint], others: list[Fingerprint]) -> dict[str, int]:
    """Pairs of different pictures that count as the same."""
    pairs = [
        differing(one.bits, other.bits) if min(one.quality, other.quality) >= QUALITY["picture"] else 256
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
        if i != j
    ]
    return {
        "pairs": len(pairs),
        "same": sum(n <= PDQ_SURE for n in pairs),
        "hinted at": sum(n <= PDQ_DISTANCE for n in pairs),
    }


SOUND_ATTACKS: dict[str, tuple[str, str, list[str]]] = {
    "mp3 64k": ("mp3", "audio/mpeg", ["-b:a", "64k"]),
    "opus 32k": ("opus", "audio/ogg", ["-b:a", "32k"]),
    "aac 64k": ("m4a", "audio/mp4", ["-b:a", "64k"]),
    "first 0.7 s cut": ("wav", "audio/wav", ["-ss", "0.7"]),
    "half as loud": ("wav", "audio/wav", ["-af", "volume=0.5"]),
    "1 % faster": ("wav", "audio/wav", ["-af", "atempo=1.01"]),
}


def joined(program: str, paths: list[Path], out: Path) -> Path:
    """Clips one after the other, as a WAV file named after the first."""
    inputs = [word for path in paths for word in ("-i", str(path))]
    chain = "".join(f"[{i}:a]" for i in range(len(paths))) + f"concat=n={len(paths)}:v=0:a=1"
    whole = out / f"{paths[0].stem}.wav"
    command = [program, "-y", "-v", "error", *inputs, "-filter_complex", chain, "-ac", "1", whole]
    subprocess.run(command, check=True)
    return whole


def of_sounds(folder: Path, count: int, seed: int, join: int = 1) -> dict[str, Any]:
    """Attacks on sounds, and false matches between files whose names begin differently."""
    program = sounds.program()
    assert program is not None, "no ffmpeg with chromaprint (extra 'media')"
    kept: list[tuple[Path, bytes]] = []
    clips, tried = files(folder, {".flac", ".wav", ".ogg", ".mp3"}, 1 << 30, seed), 0
    with tempfile.TemporaryDirectory() as place:
        for start in range(0, len(clips) - join + 1, join):
            if len(kept) == count:
                break
            tried += 1
            path = joined(program, clips[start : start + join], Path(place))
            taken = fingerprints_of(path.read_bytes(), "audio/wav") or ()
            kept += [(path, one.bits) for one in taken if one.quality >= QUALITY["sound"]]
        postings = Postings()
        postings.add([bits for _path, bits in kept])
        seconds = median(len(bits) / 4 / sounds.RATE + 2.6 for _path, bits in kept)
        found: dict[str, Any] = {"items": len(kept), "too short or even": tried - len(kept), "seconds": seconds}
        found["attacks"] = {}
        for name, (ending, media_type, options) in SOUND_ATTACKS.items():
            shares, known, false = [], [], 0
            for number, (path, bits) in enumerate(kept):
                out = Path(place) / f"attacked.{ending}"
                subprocess.run([program, "-y", "-v", "error", "-i", path, *options, out], check=True)
                again = fingerprints_of(out.read_bytes(), media_type) or ()
                seen = again[0].bits if again else b""
                fit = bit_error(subfingerprints(seen), subfingerprints(bits))
                shares.append(1.0 if fit is None else fit[0] / fit[1])
                near = matches(seen, kept, postings) if again and again[0].quality >= QUALITY["sound"] else []
                known.append(number in near)
                false += sum(group(kept[one][0]) != group(path) for one in near)
            found["attacks"][name] = {**summary(shares, known), "false": false}
    return found


def group(path: Path) -> str:
    """What a sound's name begins with, up to its number."""
    return re.split(r"_?\d|_p\d", path.stem)[0]


def matches(bits: bytes, kept: list[tuple[Path, bytes]], postings: Postings) -> list[int]:
    """Places of the sounds that count as the same."""
    fits = ((one, bit_error(subfingerprints(bits), subfingerprints(kept[one][1]))) for one in postings.candidates(bits))
    return [one for one, fit in fits if fit is not None and fit[0] <= BIT_ERROR * fit[1]]


def passages(folder: Path, sentences: int, count: int, seed: int) -> Iterator[tuple[list[str], str]]:
    """Passages of different sentences, and a strange sentence for each."""
    chance = random.Random(seed)
    every: list[str] = []
    for path in sorted(folder.rglob("*.txt")):
        text = path.read_text(encoding="utf-8", errors="ignore").replace("\n", " ")
        every += [part.strip() for part in re.split(r"(?<=[.!?。！？])\s*", text) if 8 < len(part) < 250]
    starts = chance.sample(range(0, len(every) - sentences, sentences), min(count, len(every) // sentences - 1))
    for start in starts:
        yield every[start : start + sentences], chance.choice(every)


def of_texts(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Attacks on passages of 4, 12 and 40 sentences, and false matches."""
    found: dict[str, Any] = {}
    for length in (4, 12, 40):
        drawn = list(passages(folder, length, count, seed))
        whole = [" ".join(parts) for parts, _strange in drawn]
        kept = [texts.of_text(text) for text in whole]
        row: dict[str, Any] = {"items": len(drawn), "characters": median(map(len, whole)), "attacks": {}}
        changed = {
            "a sentence changed": [
                " ".join([*parts[: length // 2], strange, *parts[length // 2 + 1 :]]) for parts, strange in drawn
            ],
            "first sentence cut": [" ".join(parts[1:]) for parts, _strange in drawn],
            "capitals, no marks": [re.sub(r"[^\w\s]", "", text).upper() for text in whole],
        }
        for name, others in changed.items():
            bits, sure, known = [], [], []
            for text, other, one in zip(whole, others, kept, strict=True):
                bits.append(differing(texts.of_text(other).bits, one.bits))
                sure.append(bits[-1] <= texts.SURE)
                known.append(sure[-1] or (bits[-1] <= texts.MAYBE and alike(text, other)))
            figures = summary([float(n) for n in bits], known)
            row["attacks"][name] = {**figures, "by SimHash alone": share(sure)}
        near = [
            (i, j, n)
            for i in range(len(kept))
            for j in range(i)
            if (n := differing(kept[i].bits, kept[j].bits)) <= texts.MAYBE
        ]
        row["false"] = {
            "pairs": len(kept) * (len(kept) - 1) // 2,
            "near": len(near),
            "same": sum(n <= texts.SURE or alike(whole[i], whole[j]) for i, j, n in near),
        }
        found[f"{length} sentences"] = row
    return found


def alike(one: str, other: str) -> bool:
    """Whether the words agree."""
    seen = texts.glance(other.encode(), "text/plain")
    assert seen is not None
    return texts.resemblance(one, bytes.fromhex(seen["sketch"])) >= texts.ALIKE


def show(value: dict[str, Any], name: str = "") -> None:
    """Print nested figures, one line each."""
    for key, one in value.items():
        path = f"{name}{key}"
        if isinstance(one, dict) and any(isinstance(inner, dict) for inner in one.values()):
            show(one, f"{path} · ")
        elif isinstance(one, dict):
            print(f"{path:<60}" + "  ".join(f"{k} {v:.4g}" for k, v in one.items()))
        else:
            print(f"{path:<60}{one:.4g}" if isinstance(one, float) else f"{path:<60}{one}")


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and print."""
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    for name in ("pictures", "sounds", "texts"):
        parser.add_argument(f"--{name}", type=Path, nargs="*", default=[])
    parser.add_argument("--join", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"seed": options.seed}
    if options.rows:
        rng = np.random.default_rng(options.seed)
        result |= {"lookup": lookup(options.rows, rng), "load": load(options.rows, rng)}
    for folder in options.pictures:
        result[f"pictures {folder.name}"] = of_pictures(folder, options.items, options.seed)
    for folder in options.sounds:
        for join in options.join:
            result[f"sounds {folder.name} x {join}"] = of_sounds(folder, options.items, options.seed, join)
    for folder in options.texts:
        result[f"texts {folder.name}"] = of_texts(folder, options.items, options.seed)
    print(json.dumps(result, indent=1)) if options.json else show(result)
    return result


if __name__ == "__main__":
    main()
