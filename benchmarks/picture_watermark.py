"""How well the invisible watermark of pictures lasts, how little it changes, how seldom it is found where it isn't.

    python benchmarks/picture_watermark.py NAME=FOLDER ... [--pictures 200] [--unmarked 0] [--keys 600] [--seed 0]
        [--transparent] [--processes 1] [--json]

Pictures are those in each folder and below, in an order by the seed, enlarged to 512 pixels as ``finish`` does it;
of a strip of frames the first one counts, and transparent pictures stand on white, unless ``--transparent`` keeps
them (the attacks then put them on white). Each is marked under one key with an id of its own and attacked, one attack
at a time. Detected: z reaches the threshold. Id: the right one is read. Symbols: share that is right before correction.
By chance: ``--unmarked`` pictures, evenly from all folders, each against ``--keys`` random keys. Speed: CPU time on one
core, best of three, on a megapixel picture and on a frame of 512 × 512; the yardstick is Pillow's JPEG of quality 92.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from luokuan.colophon.enlarge import enlarge
from luokuan.colophon.watermark import code
from luokuan.colophon.watermark.pattern import SYMBOLS, keyed
from luokuan.colophon.watermark.picture import PSNR, THRESHOLD, detect, embed, features, find, locate, subkey, symbols
from luokuan.media import Picture

KEY = subkey(bytes(range(32)))


def encoded(kind: str, quality: int) -> Callable[[Image.Image], Image.Image]:
    def attack(image: Image.Image) -> Image.Image:
        out = io.BytesIO()
        image.save(out, kind, quality=quality)
        return Image.open(out).convert("RGB")

    return attack


def resized(ratio: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize(
        (round(image.width * ratio), round(image.height * ratio)), Image.Resampling.LANCZOS
    )


def cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    """Without ``share`` of the area, from no even place."""

    def attack(image: Image.Image) -> Image.Image:
        width, height = (round(side * math.sqrt(1 - share)) for side in image.size)
        left, top = round(0.37 * (image.width - width)), round(0.71 * (image.height - height))
        return image.crop((left, top, left + width, top + height))

    return attack


def noisy(image: Image.Image) -> Image.Image:
    samples = np.asarray(image, np.float32)
    noise = np.random.default_rng(1).normal(0, 8, samples.shape)
    return Image.fromarray(np.clip(np.rint(samples + noise), 0, 255).astype(np.uint8))


ATTACKS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda image: image,
    "JPEG 70": encoded("JPEG", 70),
    "JPEG 50": encoded("JPEG", 50),
    "JPEG 30": encoded("JPEG", 30),
    "WebP 60": encoded("WEBP", 60),
    "resize 0.75": resized(0.75),
    "resize 0.5": resized(0.5),
    "crop 10 %": cropped(0.10),
    "crop 25 %": cropped(0.25),
    "rotate 2°": lambda image: image.rotate(2, Image.Resampling.BICUBIC),
    "blur σ 1": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "noise σ 8": noisy,
}


def paths_of(folder: Path, seed: int) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"))
    random.Random(seed).shuffle(found)
    return found


def opened(path: Path, transparent: bool) -> Picture:
    """The picture as ``finish`` would enlarge it."""
    with Image.open(path) as image:
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        whole = image.convert("RGBA")
    if whole.width >= 4 * whole.height:
        whole = whole.crop((0, 0, whole.height, whole.height))
    if transparent and has_alpha:
        return enlarge(Picture(np.array(whole)))
    return enlarge(Picture(np.array(on_white(whole))))


def on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def psnr(before: Picture, after: Picture) -> float:
    """Over the visible pixels' red, green and blue."""
    seen = before.pixels[..., 3] > 0 if before.pixels.shape[2] == 4 else np.ones(before.pixels.shape[:2], bool)
    change = after.pixels[seen][:, :3].astype(float) - before.pixels[seen][:, :3]
    return 10 * math.log10(255**2 / max(1e-12, float(np.mean(change**2))))


def attacked(job: tuple[Path, str, bool]) -> tuple[float, dict[str, tuple[float, bool, float]]]:
    """(PSNR, {attack: (z, right id, share of symbols)}) of one picture."""
    path, work_id, transparent = job
    before = opened(path, transparent)
    after = embed(before, work_id, KEY)
    sent, band, found = code.encode(work_id, SYMBOLS, KEY), keyed(KEY), {}
    for name, attack in ATTACKS.items():
        picture = Picture(np.asarray(attack(on_white(Image.fromarray(after.pixels)))))
        folded = features(picture)
        _z, which, shift = locate(folded, band)
        finding = find(folded, KEY)
        right = float(np.mean(np.sign(symbols(folded[which], band, shift)) == sent))
        found[name] = (finding.z, finding.id == work_id, right)
    return psnr(before, after), found


def by_chance(job: tuple[Path, list[bytes], bool]) -> list[float]:
    """z of one unmarked picture under each key."""
    path, keys, transparent = job
    folded = features(opened(path, transparent))
    return [locate(folded, keyed(key))[0] for key in keys]


def best(action: Callable[[], object]) -> float:
    """CPU milliseconds, best of three after a first call."""
    action()
    times = []
    for _ in range(3):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return 1000 * min(times)


def speed(path: Path) -> dict[str, float]:
    picture = opened(path, False)
    image = Image.fromarray(picture.pixels)
    large = Picture(np.array(image.resize((1000, 1000))))
    frame = Picture(np.array(image.resize((512, 512))))
    number, jpeg = f"{1:016x}", Image.fromarray(large.pixels)
    found = {
        "embed, 1 megapixel": best(lambda: embed(large, number, KEY)),
        "embed, frame 512²": best(lambda: embed(frame, number, KEY)),
        "detect, 1 megapixel": best(lambda: detect(large, KEY)),
        "detect, frame 512²": best(lambda: detect(frame, KEY)),
        "JPEG by Pillow, 1 megapixel": best(lambda: jpeg.save(io.BytesIO(), "JPEG", quality=92)),
    }
    found["embed / JPEG"] = found["embed, 1 megapixel"] / found["JPEG by Pillow, 1 megapixel"]
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(options.seed)
    folders = dict(text.split("=", 1) for text in options.folders)
    paths = {name: paths_of(Path(folder), options.seed) for name, folder in folders.items()}
    result: dict[str, Any] = {"seed": options.seed, "psnr": PSNR, "threshold": THRESHOLD, "corpora": {}}
    with ProcessPoolExecutor(options.processes) if options.processes > 1 else nullcontext() as pool:
        spread = map if pool is None else partial(pool.map, chunksize=4)
        for name, found in paths.items() if options.pictures else ():
            jobs = [(path, f"{rng.getrandbits(64):016x}", options.transparent) for path in found[: options.pictures]]
            done = list(spread(attacked, jobs))
            table = {}
            for attack in ATTACKS:
                z, right, share = zip(*(one[attack] for _psnr, one in done), strict=True)
                table[attack] = {
                    "detected": fmean(value >= THRESHOLD for value in z),
                    "id": fmean(right),
                    "symbols": fmean(share),
                    "z_min": min(z),
                    "z_median": float(np.median(z)),
                }
            distance = [one for one, _found in done]
            result["corpora"][name] = {
                "pictures": len(done), "psnr_mean": fmean(distance), "psnr_min": min(distance), "attacks": table,
            }  # fmt: skip
        if options.unmarked:
            keys = [subkey(rng.randbytes(32)) for _ in range(options.keys)]
            each = -(-options.unmarked // len(paths))
            # A folder with fewer pictures leaves its share to the others.
            some = [path for found in paths.values() for path in found[:each]]
            rest = [path for found in paths.values() for path in found[each:]]
            some = (some + rest)[: options.unmarked]
            z = np.array(list(spread(by_chance, [(path, keys, options.transparent) for path in some])))
            result["by_chance"] = {
                "pictures": len(some), "keys": len(keys), "found": int((z >= THRESHOLD).sum()), "z_max": float(z.max()),
            }  # fmt: skip
    result["ms_cpu"] = speed(next(iter(paths.values()))[0])
    return result


def shown(result: dict[str, Any]) -> str:
    lines = [f"aim {result['psnr']} dB, threshold z {result['threshold']:.2f}, seed {result['seed']}"]
    for name, corpus in result["corpora"].items():
        lines.append(
            f"{name}: {corpus['pictures']} pictures, PSNR {corpus['psnr_mean']:.2f} dB, least {corpus['psnr_min']:.2f}"
        )
        for attack, row in corpus["attacks"].items():
            lines.append(
                f"  {attack:<12} detected {row['detected']:.4f}  id {row['id']:.4f}  symbols {row['symbols']:.4f}"
                f"  z least {row['z_min']:.1f} median {row['z_median']:.1f}"
            )
    if "by_chance" in result:
        lines.append(
            "by chance: {pictures} pictures × {keys} keys: {found} found, largest z {z_max:.2f}".format(
                **result["by_chance"]
            )
        )
    lines += [f"{name:<28} {value:.2f}" for name, value in result["ms_cpu"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--unmarked", type=int, default=0)
    parser.add_argument("--keys", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--transparent", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1, ensure_ascii=False) if options.json else shown(result))


if __name__ == "__main__":
    main()
