"""Fuzz the readers of formats, labels and manifests: mutated golden files, for as many seconds as are given.

    python tests/fuzz/fuzz_formats.py 30 [SEED]

Every file must end in a verdict, and never in an exception other than UserError or in a verdict that it is fine
while its samples differ. The file that fails is kept beside, with the seed.
"""

from __future__ import annotations

import io
import random
import sys
import time
from pathlib import Path

from PIL import Image

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc, parse
from luokuan.colophon.formats import CLIPS, PICTURES, SOUNDS, format_of_header
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.pdf import PDF
from luokuan.colophon.formats.pdffile import PdfFile
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.verdict import EXIT_CODES, judge
from luokuan.errors import UserError

GOLDEN = Path(__file__).parent.parent / "data" / "colophon-v1"
GOLDEN_SOUNDS = GOLDEN.with_name("colophon-v1-sound")
GOLDEN_PAPER = GOLDEN.with_name("colophon-v1-paper")
FAILED = Path("fuzz-failure.bin")


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One to four changes: flipped bits, random bytes, cut or doubled pieces, wrong lengths."""
    changed = bytearray(data)
    # Most of the first kilobytes is structure, and most of the rest samples: structure is where parsers fail.
    head = min(len(changed), 6000)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(head if chance.random() < 0.8 and head else max(len(changed), 1))
        kind = chance.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at : at + 4] = chance.randbytes(4)
        elif kind == 2:
            del changed[at : at + chance.randint(1, 64)]
        elif kind == 3:
            changed[at:at] = changed[at : at + chance.randint(1, 64)]
        elif kind == 4:
            changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        else:
            del changed[chance.randrange(len(changed) + 1) :]
        head = min(head, len(changed))
        if not changed:
            break
    return bytes(changed)


def check(data: bytes, packet: bytes, inspector: Inspector, beside: dict[str, bytes]) -> str:
    """Run every reader on ``data`` and the packet's on ``packet``. Returns the verdict's word."""
    for heard in (*SOUNDS, *CLIPS):
        try:
            heard.matches(data)
            heard.read_labels(data, {})
        except UserError:
            continue
    try:
        PDF.mark(data)
        PDF.read_labels(data, {})
    except UserError:
        pass
    for row in PICTURES:
        try:
            row.read_xmp(data)
            row.embed_xmp(data, packet)
        except UserError:
            continue
    try:
        labels = xmp.parse(packet)
        if labels.aigc is not None:
            parse(labels.aigc)
    except UserError:
        pass
    verdict = judge(GOLDEN, inspector.inspect_bytes(data, beside), None)
    if verdict.verdict not in EXIT_CODES or not verdict.summary:
        raise AssertionError(verdict)
    return verdict.verdict


def samples(data: bytes) -> bytes:
    """The decoded samples; of M4A the box that holds them, so that no program is called for each file."""
    for row in SOUNDS:
        if row.matches(data):
            if row.name == "M4A":
                start = data.index(b"mdat") + 4
                return data[start : start - 8 + int.from_bytes(data[start - 8 : start - 4])]
            return row.decode(data)[0].tobytes()
    if PDF.matches(data):
        file = PdfFile(data)
        return b"".join(file.contents(page) for page in file.pages())
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


def run(seconds: float, seed: int) -> dict[str, int]:
    """Fuzz for ``seconds``. Returns how often each verdict came."""
    chance = random.Random(seed)
    paths = sorted([*GOLDEN.glob("golden.*"), *GOLDEN_SOUNDS.glob("golden.*"), *GOLDEN_PAPER.glob("golden.*")])
    paths = [path for path in paths if path.suffix != MANIFEST]
    seeds = [path.read_bytes() for path in paths]
    besides = [path.with_name(path.name + MANIFEST) for path in paths]
    sidecars = [{MANIFEST: path.read_bytes()} if path.exists() else {} for path in besides]
    if any(format_of_header(data) is None for data in seeds) or len(seeds) != len((*PICTURES, *SOUNDS, PDF)):
        raise AssertionError("a golden file of each format is needed")
    packet = xmp.build(Aigc("1", "luokuan", "0123456789abcdef"))
    anchors = b"".join((folder / "root.pem").read_bytes() for folder in (GOLDEN, GOLDEN_SOUNDS, GOLDEN_PAPER))
    inspector, listener = Inspector(anchors=anchors), Inspector(anchors=anchors, traces=True)
    known = {samples(data) for data in seeds}
    words: dict[str, int] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        number = chance.randrange(len(seeds))
        data = mutate(seeds[number], chance)
        FAILED.write_bytes(data)  # before, because a crash of the native reader leaves no time after
        # A look for the trace of a watermark decodes the samples, which takes a hundred times as long.
        looking = listener if chance.random() < 0.05 else inspector
        word = check(data, mutate(packet, chance), looking, sidecars[number])
        if word == "trusted" and samples(data) not in known:
            raise AssertionError("other samples pass as unchanged")
        words[word] = words.get(word, 0) + 1
    FAILED.unlink(missing_ok=True)
    return words


if __name__ == "__main__":
    length = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    number = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"fuzz_formats: {length:.0f} s, seed {number}")
    found = run(length, number)
    print(f"fuzz_formats: {sum(found.values())} files,", ", ".join(f"{k} {v}" for k, v in sorted(found.items())))
