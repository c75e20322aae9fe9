"""Frames and back, mel bands, tokens, and what the energy distance likes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from soundmodels import NARROW, noise

from luokuan.models.sound.config import SoundConfig
from luokuan.models.sound.networks import Codec
from luokuan.models.sound.objective import SpectralDistance, energy_distance
from luokuan.models.sound.spectrum import Frames, mel_bands


@pytest.mark.parametrize(("fft", "hop"), [(64, 32), (64, 16), (256, 32)])
def test_frames_lead_back_to_the_sound(fft: int, hop: int) -> None:
    torch.manual_seed(0)
    frames, sound = Frames(fft, hop), torch.randn(2, 20 * hop)
    found = frames(sound)
    assert found.shape == (2, 20, fft // 2 + 1)
    back = frames.back(found)
    assert back.shape == sound.shape
    # At the very ends a Hann window is zero, so that a few samples can't be known.
    torch.testing.assert_close(back[:, fft // 4 : -fft // 4], sound[:, fft // 4 : -fft // 4], atol=1e-4, rtol=1e-4)


def test_white_noise_has_magnitude_one() -> None:
    torch.manual_seed(0)
    power = Frames(256, 64)(torch.randn(4, 64 * 200)).abs().square()
    assert power[:, 4:-4, 4:-4].mean() == pytest.approx(1, abs=0.03)


def test_mel_bands_sum_to_one_and_rise() -> None:
    bands = mel_bands(80, 513, 16_000)
    torch.testing.assert_close(bands.sum(1), torch.ones(80))
    assert bool((bands >= 0).all())
    centres = (bands * torch.arange(513)).sum(1)
    assert bool((centres.diff() > 0).all())


def test_tokens_lead_through_the_codec() -> None:
    torch.manual_seed(0)
    codec = Codec(NARROW)
    sound = torch.from_numpy(noise(1, 0)[: 20 * NARROW.cell])[None]
    tokens = codec.tokens(sound)
    assert tokens.shape == (1, 20, 2) and int(tokens.min()) >= 0 and int(tokens.max()) < 4
    white = torch.randn(1, 20 * NARROW.cell)
    made = codec.decode(tokens, white)
    assert made.shape == sound.shape and bool(torch.isfinite(made).all())
    torch.testing.assert_close(codec.decode(tokens, white), made)
    assert not torch.equal(codec.decode(tokens, -white), made)  # the noise is heard


def test_the_energy_distance_prefers_noise_to_its_average() -> None:
    """Against real noise: other noise of the same level is best; louder, softer and smoothed ones are worse."""
    torch.manual_seed(0)
    distance = SpectralDistance((64, 256))

    def of(make: object) -> float:
        x = distance.spectra(torch.randn(8, 4096) * 0.1)
        y, z = (distance.spectra(make(torch.randn(8, 4096) * 0.1)) for _draw in range(2))  # type: ignore[operator]
        return float(energy_distance(distance(x, y), distance(x, z), distance(y, z)))

    def clicks(sound: torch.Tensor) -> torch.Tensor:
        """Pulses with a flat spectrum of the right level: smooth in frequency, the same each time."""
        made = torch.zeros_like(sound)
        made[:, ::32] = 0.1 * 32**0.5
        return made

    same = of(lambda sound: sound)
    assert same < of(lambda sound: 2 * sound) and same < of(lambda sound: 0.5 * sound) and same < of(clicks)


def test_the_distance_is_zero_of_equals_and_has_gradients() -> None:
    distance = SpectralDistance((64,))
    sound = torch.randn(1, 512, requires_grad=True)
    spectra = distance.spectra(sound)
    assert float(distance(spectra, distance.spectra(sound.detach())).detach()) < 1e-3
    other = distance.spectra(torch.zeros(1, 512))
    distance(spectra, other).sum().backward()
    assert sound.grad is not None and bool(torch.isfinite(sound.grad).all())


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": ("a", "a"), "clips": (1, 1)}, {"classes": ("a",)}, {"hop": 100}, {"levels": ()}, {"window": 1},
        {"family": "music"}, {"rate": 1}, {"codec_layers": 1}, {"width": 15},
    ],
)  # fmt: skip
def test_a_shape_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SoundConfig(**wrong)  # type: ignore[arg-type]


def test_the_usual_shape_is_small() -> None:
    from luokuan.models.sound.model import expected_tensors

    counted = sum(2 * int(np.prod(shape)) for shape, _kind in expected_tensors(SoundConfig()).values())
    assert counted < 6_000_000
