"""A sentence as a picture: the recording, what was made of its text, and the alignment between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luokuan.media import Picture
from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.picture import GAP, spectrogram
from luokuan.models.speech.config import SpeechConfig


def page(
    real: NDArray[np.float32], made: NDArray[np.float32], counts: NDArray[np.int64], config: SpeechConfig
) -> Picture:
    """Spectrograms of the recording above and of what was said below, low pitches below; then the tokens, first one at
    the bottom, over the frames of the recording: a line that rises evenly where the alignment is right.

    Args:
        real: Samples, (T·hop,).
        made: Samples, (T'·hop,).
        counts: Frames of the recording that belong to each token.
        config: The voice's.
    """
    of_frames = SoundConfig(rate=config.rate, fft=config.fft, hop=config.hop, mels=config.mels)
    rows = [spectrogram(sound, of_frames) for sound in (real, made)]
    line = np.full((len(counts), int(counts.sum()), 3), 20, np.uint8)
    line[len(counts) - 1 - np.repeat(np.arange(len(counts)), counts), np.arange(line.shape[1])] = (250, 220, 120)
    rows.append(line.repeat(2, axis=0))
    wide = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, GAP), (0, wide - row.shape[1]), (0, 0))) for row in rows]
    return Picture(np.ascontiguousarray(np.concatenate(padded, axis=0)))
