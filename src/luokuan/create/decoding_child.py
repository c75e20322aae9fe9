"""The process that decodes sounds and clips of strangers: one JSON line in, samples into a file, one JSON line out.

Decoders have been hurt before. Here a hostile file costs this process and nothing else: it has limits on memory and
time, and knows no secret.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from luokuan.foundation.child import limit_memory, limit_time


def main() -> None:
    """Read what is asked, decode it, and tell the shape of what was written."""
    asked = json.loads(sys.stdin.readline())
    limit_memory(asked["memory"])
    limit_time(asked["seconds"])
    try:
        found = (_sound if asked["what"] == "sound" else _clip)(asked)
    except Exception as error:  # whatever a decoder raises, the file is of no use
        found = {"problem": type(error).__name__}
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _sound(asked: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    from luokuan.colophon.formats import SOUNDS

    row = next(one for one in SOUNDS if one.media_type == asked["media_type"])
    samples, rate = row.decode(Path(asked["path"]).read_bytes(), asked["most"])
    np.ascontiguousarray(samples, "<f4").tofile(asked["out"])
    return {"shape": list(samples.shape), "rate": rate}


def _clip(asked: dict[str, Any]) -> dict[str, Any]:
    """The frames as rgb24, one after the other, and the sound as interleaved float32 in a file beside them."""
    from luokuan.colophon import ffmpeg, footage

    path, out, media_type = Path(asked["path"]), Path(asked["out"]), asked["media_type"]
    data = path.read_bytes()
    seen = footage.look(data, media_type, 1)
    height, width = seen.size
    if seen.count * height * width * 3 > asked["most"]:
        return {"problem": "large", "count": seen.count, "size": [height, width]}
    given = ["-protocol_whitelist", "file", "-max_pixels:v", str(footage.MAX_PIXELS), "-noautorotate"]
    given += ["-f", footage.DEMUXERS[media_type], "-i", str(path)]
    frames = ["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", f"scale={width}:{height}", "-frames:v"]
    ffmpeg.run([*given, *frames, str(seen.count), "-f", "rawvideo", "-pix_fmt", "rgb24", str(out)])
    count = out.stat().st_size // (height * width * 3)
    heard = 0
    if footage.sound_length(data, media_type) > 0:
        sound = ["-map", "0:a:0", "-ac", "2", "-ar", str(asked["rate"]), "-f", "f32le", f"{out}.sound"]
        ffmpeg.run([*given, "-t", str(count / (seen.fps or 1.0)), *sound])
        heard = Path(f"{out}.sound").stat().st_size // 8
    return {"size": [height, width], "count": count, "fps": seen.fps or 1.0, "sound": heard}


if __name__ == "__main__":
    main()
