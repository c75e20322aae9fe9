"""A trained music VAE: strict loading, sampling, reconstruction, variation, ways between pieces, attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.media import Note, Score
from luokuan.models.vae.music.bounds import grouped, look, plain, terms
from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.encodings import KEYS, REST, SHIFTS, Encoding, Unfit, decode, encode, transposed
from luokuan.models.vae.music.material import windows
from luokuan.models.vae.music.networks import Decoder, Encoder
from luokuan.models.vae.music.sampling import Chooser, dissolved, drawn, given, stream_of, write
from luokuan.models.vae.sheet import latent_walk

STORED = "float16"
LONGEST = 256
"""Most bars of a piece that is written or read."""
USUAL_TEMPERATURE = 0.9
FAITHFUL = 0.6
"""Temperature at which given latents are written: the likeliest symbols alone hold their first chord for ever."""
DRAWN = 8
"""Drafts of which that one is taken whose own latents lie nearest to those given."""


def weights_of(modules: Mapping[str, nn.Module], directions: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as they are stored: ``decoder.*`` and ``encoder.*`` in float16, ``directions.NAME`` (D,) in float32."""
    named = {f"{prefix}.{k}": v for prefix, module in modules.items() for k, v in module.state_dict().items()}
    stored = {name: value.detach().cpu().half().contiguous() for name, value in named.items()}
    return stored | {f"directions.{name}": value.float().cpu().contiguous() for name, value in directions.items()}


def expected_tensors(config: MusicConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        modules: dict[str, nn.Module] = {"decoder": Decoder(config)}
        if config.latent:
            modules["encoder"] = Encoder(config)
        found = {f"{prefix}.{k}": v for prefix, module in modules.items() for k, v in module.state_dict().items()}
    shapes = {name: (tuple(value.shape), STORED) for name, value in found.items()}
    return shapes | {f"directions.{name}": ((config.latent,), "float32") for name in config.attributes}


@dataclass(frozen=True, slots=True)
class Placed:
    """A score in the model's own key and height.

    Args:
        frames: int64 (T, voices).
        moved: Semitones by which the score was moved to get there.
        tempo: Its own.
    """

    frames: NDArray[np.int64]
    moved: int
    tempo: float


class MusicVae:
    """Encoder, decoder and directions, ready to use. Runs in float32, whatever the machine offers, so that equal seeds
    give equal music on CPUs with and without bfloat16; one piece at a time, so that none depends on its neighbours."""

    usual_temperature = USUAL_TEMPERATURE
    """At which its pieces are seldom failures and still differ."""

    def __init__(
        self,
        folder: ModelFolder,
        config: MusicConfig,
        encoder: Encoder | None,
        decoder: Decoder,
        directions: Mapping[str, Tensor],
    ) -> None:
        self.folder, self.config, self.directions = folder, config, directions
        self.device = machine().device
        self.decoder = decoder.eval().requires_grad_(False).to(self.device)
        self.encoder = None if encoder is None else encoder.eval().requires_grad_(False).to(self.device)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> MusicVae:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(MusicConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        decoder, encoder = Decoder(config), Encoder(config) if config.latent else None
        parts: list[tuple[str, nn.Module]] = [("decoder.", decoder)]
        parts += [] if encoder is None else [("encoder.", encoder)]
        for prefix, module in parts:
            part = {k[len(prefix) :]: v.float() for k, v in tensors.items() if k.startswith(prefix)}
            module.load_state_dict(part, strict=True)
        directions = {name: tensors[f"directions.{name}"] for name in config.attributes}
        return cls(folder, config, encoder, decoder, directions)

    @property
    def way(self) -> Encoding:
        """How scores are written."""
        return self.config.way

    def frames_for(self, bars: int) -> int:
        """See the function.

        Raises:
            UserError: none, or too many.
        """
        return frames_for(bars, self.way, self.config.bar)

    def require_latents(self) -> None:
        """Refuse a model without.

        Raises:
            UserError: it has none.
        """
        if self.encoder is None:
            raise UserError(
                _("The model '{name}' has no latents: it only samples.", name=self.folder.name),
                _("Choose a model that was trained with --latent above 0."),
                code="create.option",
            )

    # --- latents --------------------------------------------------------------------------------------

    def placed(self, score: Score) -> Placed:
        """A score as the model knows music: moved by whole octaves to its mean pitch, and by up to six semitones with
        which it finds the score likeliest; for a melody the first two bars that hold one.

        Raises:
            Unfit: the encoding can't hold it, or it is too long.
        """
        frames = self._encoded(score)
        if len(frames) > round(LONGEST * self.config.bar * self.way.grid):
            raise Unfit(_("it is longer than {most} bars", most=LONGEST))
        heard = frames[frames < REST]
        room = range(KEYS[0] - int(heard.min()), KEYS[1] - int(heard.max()) + 1)
        away = self.config.centre - float(heard.mean())
        octaves = sorted((12 * octave for octave in range(-7, 8)), key=lambda octave: abs(octave - away))
        for octave in octaves:
            options = [octave + shift for shift in range(-SHIFTS, SHIFTS + 1) if octave + shift in room]
            if options:
                break
        start = frames[: 4 * self.way.segment]  # enough to hear its key
        moved = max(options, key=lambda option: self._log_p(transposed(start, option)))
        return Placed(transposed(frames, moved), moved, score.tempo)

    def _encoded(self, score: Score) -> NDArray[np.int64]:
        if self.way.name != "melody":
            return encode(score, self.way)
        found = windows(score, self.way)
        if not found:
            raise Unfit(_("it has no melody of two bars"))
        return found[0]

    @torch.no_grad()
    def _log_p(self, frames: NDArray[np.int64]) -> float:
        (group,) = grouped([frames], [0], self.way.segment, self.device)
        if self.encoder is None:
            return float(plain(self.decoder, group).sum())
        torch.manual_seed(mix_seed("placed"))
        found = terms(self.encoder, self.decoder, group)
        assert found.kl is not None
        return float(found.log_p.sum() - found.kl.sum())

    @torch.no_grad()
    def posterior(self, frames: NDArray[np.int64], shift: int = 0) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z|x) of each segment of frames (T, voices): (segments, D) each, on the CPU.

        Raises:
            UserError: the model has no latents.
        """
        self.require_latents()
        assert self.encoder is not None
        (group,) = grouped([frames], [shift], self.way.segment, self.device)
        found = look(self.encoder, self.decoder, group)
        return found.mean.cpu(), found.spread.cpu()

    # --- music ----------------------------------------------------------------------------------------

    def sample(
        self,
        seed: int,
        *,
        bars: int = 8,
        temperature: float = USUAL_TEMPERATURE,
        truncation: float = 1.0,
        nudges: Mapping[str, float] | None = None,
        tempo: float = 96.0,
    ) -> Score:
        """A piece.

        Args:
            bars: Its length; a melody has always two.
            temperature: Of the symbols, 0 takes the likeliest.
            truncation: ψ: latents at this share of their distance from the prior's mean.
            nudges: Attribute to the multiple of its direction that is added to each latent.
            tempo: Quarter notes a minute.

        Raises:
            UserError: it has no such attribute, or see ``frames_for``.
        """
        way = self._nudge(nudges or {})

        def choose(segment: int, mean: Tensor, spread: Tensor) -> Tensor:
            return own(segment, mean, spread) + way

        stream = stream_of(mix_seed(seed, "music"))
        own: Chooser = drawn([stream_of(mix_seed(seed, "latents"))], truncation)
        length = self.frames_for(bars)
        frames = write(
            self.decoder,
            self.config,
            length,
            [stream],
            choose=choose if self.encoder else None,
            temperature=temperature,
        )
        return decode(frames[0], self.way, tempo=tempo)

    def _nudge(self, nudges: Mapping[str, float]) -> Tensor:
        found = torch.zeros(max(self.config.latent, 1))
        for name, strength in nudges.items():
            if name not in self.directions:
                raise UserError(
                    _("The model '{name}' has no direction for '{attribute}'.", name=self.folder.name, attribute=name),
                    _("It knows: {known}.", known=", ".join(self.directions) or "-"),
                    code="create.attribute",
                )
            found = found + strength * self.directions[name]
        return found.to(self.device)

    def reconstruct(self, score: Score) -> Score:
        """Through the posterior's mean and back, in the key and at the tempo of the score (see ``DRAWN``).

        Raises:
            UserError: the model has no latents.
            Unfit: the encoding can't hold the score.
        """
        place = self.placed(score)
        return self._written(self.posterior(place.frames)[0], len(place.frames), place, seed=0, temperature=FAITHFUL)

    def vary(
        self,
        score: Score,
        seed: int,
        *,
        noise: float,
        temperature: float = FAITHFUL,
        nudges: Mapping[str, float] | None = None,
    ) -> Score:
        """A piece like ``score``: half bars of it, chosen by the seed, are written anew with its latents mixed with
        draws of N(0, I), z = √(1 - n²)·μ + n·ε. The others stay: latents tell the character of a piece, not its notes.

        Args:
            noise: n, the share that is written anew: 0 (the piece as the encoding holds it) to 1 (another piece).
            nudges: See ``sample``. With any of them all is written anew: what stays would hold it where it was.

        Raises:
            UserError: the model has no latents, or no such attribute.
            Unfit: the encoding can't hold the score.
        """
        place = self.placed(score)
        mean, _spread = self.posterior(place.frames)
        fresh = torch.randn(mean.shape, generator=stream_of(mix_seed(seed, "latents")))
        latents = (1 - noise**2) ** 0.5 * mean + noise * fresh + self._nudge(nudges or {}).cpu()
        kept = None if nudges else dissolved(place.frames, noise, self._run, mix_seed(seed, "kept"))
        length = len(place.frames)
        return self._written(latents, length, place, seed=seed, temperature=temperature, kept=kept)

    def interpolate(
        self, first: Score, last: Score, steps: int, *, seed: int = 0, temperature: float = FAITHFUL
    ) -> list[Score]:
        """``steps`` ≥ 2 pieces from the first to the last, segment by segment on the arc between their latents (see
        ``latent_walk``), as long as the shorter one. Key, height and tempo move along. Half bar by half bar the first
        dissolves until at half the way all is written by the latents between them, and the last one comes likewise.

        Raises:
            UserError: the model has no latents.
            Unfit: the encoding can't hold one of them.
        """
        ends = [self.placed(score) for score in (first, last)]
        length = min(len(place.frames) for place in ends)
        means = [self.posterior(place.frames[:length])[0] for place in ends]
        walks = torch.stack(
            [latent_walk(a, b, steps) for a, b in zip(means[0], means[1], strict=True)], dim=1
        )  # (steps, segments, D)
        found = []
        for index in range(steps):
            share = index / (steps - 1)
            place = Placed(
                ends[0].frames,
                round((1 - share) * ends[0].moved + share * ends[1].moved),
                (1 - share) * ends[0].tempo + share * ends[1].tempo,
            )
            near = ends[0 if share <= 0.5 else 1].frames[:length]
            kept = dissolved(near, 1 - abs(1 - 2 * share), self._run, mix_seed(seed, "kept"))
            found.append(self._written(walks[index], length, place, seed=seed, temperature=temperature, kept=kept))
        return found

    @property
    def _run(self) -> int:
        """Frames of half a bar."""
        return max(round(self.config.bar * self.way.grid / 2), 1)

    def _written(
        self,
        latents: Tensor,
        length: int,
        place: Placed,
        *,
        seed: int,
        temperature: float,
        kept: NDArray[np.int64] | None = None,
    ) -> Score:
        """The score of latents (segments, D): of ``DRAWN`` drafts the one nearest to them, or, where some frames are
        ``kept`` (see ``write``), the one in which the model finds these likeliest."""
        drafts = write(
            self.decoder,
            self.config,
            length,
            [stream_of(mix_seed(seed, "music", index)) for index in range(DRAWN if temperature > 0 else 1)],
            choose=given(latents[None].to(self.device)),
            temperature=temperature,
            kept=kept,
        )
        if kept is None:
            away = [float((self.posterior(draft)[0] - latents).square().sum()) for draft in drafts]
        else:
            away = [-self._log_p(draft) for draft in drafts]
        best = drafts[int(np.argmin(away))]
        return _moved(decode(best, self.way, tempo=place.tempo), -place.moved)


def frames_for(bars: int, way: Encoding, bar: float) -> int:
    """Frames of so many bars of ``bar`` quarter notes; a melody has always two.

    Raises:
        UserError: none, or too many.
    """
    if not 1 <= bars <= LONGEST:
        raise UserError(
            _("The number of bars is out of its range."),
            _("--bars lies in 1…{most}.", most=LONGEST),
            code="create.range",
        )
    return way.segment if way.name == "melody" else max(round(bars * bar * way.grid), 1)


def _moved(score: Score, semitones: int) -> Score:
    """A score transposed; notes that would leave MIDI's pitches are left out."""
    notes = [
        Note(n.start, n.length, n.pitch + semitones, n.velocity, n.track)
        for n in score.notes
        if 0 <= n.pitch + semitones <= 127
    ]
    return Score(tuple(notes), score.tempo, score.tracks)


def one_after_another(scores: Sequence[Score], bar: float) -> Score:
    """Scores in one, each beginning with a bar, at the first one's tempo."""
    notes: list[Note] = []
    at = 0.0
    for score in scores:
        notes += [Note(n.start + at, n.length, n.pitch, n.velocity, n.track) for n in score.notes]
        at += float(np.ceil(max(score.quarters, bar) / bar - 1e-9)) * bar
    return Score(tuple(notes), scores[0].tempo, scores[0].tracks)
