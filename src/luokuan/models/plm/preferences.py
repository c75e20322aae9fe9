"""Learning from pairs of answers which of two is the better one: direct preference optimisation (DPO).

Minimised is -log σ(β(Δ_chosen - Δ_rejected)) with Δ = log π(answer) - log π_ref(answer), where the reference is the
model as it was at the start (Rafailov et al. 2023, arXiv 2305.18290, eq. 7). β·Δ is the reward that the model implies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.files import sha256_bytes, write_atomic
from luokuan.i18n import _
from luokuan.models.plm.layout import Padded, Row, Rows, padded
from luokuan.models.plm.tuning import TuneSettings, Tuning, answer_nats, first_of, portions

if TYPE_CHECKING:
    from luokuan.models.plm.model import PlmModel

FORMAT = 1
"""Part of the key of cached log-probabilities: to be raised when the same arguments would give others."""
FEW = 20
"""Held-out pairs below which nothing is claimed."""
RESAMPLES = 10_000


def dpo_loss(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """The loss of each pair, (B,).

    Args:
        policy: log π of whole answers, nats, (2, B): chosen, rejected.
        reference: log π_ref of the same.
        beta: Above 0.
    """
    return -F.logsigmoid(beta * margins(policy, reference))


def margins(policy: Tensor, reference: Tensor) -> Tensor:
    """Δ_chosen - Δ_rejected of each pair, nats, (B,)."""
    gained = policy - reference
    return gained[0] - gained[1]


def answers_of(network: Any, rows: Padded) -> Tensor:
    """log p of whole answers, nats: (B,)."""
    return -answer_nats(network, rows).sum(1)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval, 0 to 1."""

    value: float
    low: float
    high: float


def bootstrap(values: NDArray[np.float64], *, seed: int = 0) -> Share:
    """The mean of ``values`` (N,), one a pair and of few kinds (won, drawn, lost), with the 2.5 and 97.5 percentiles of
    the means of resampled pairs (Efron 1979). Of differences between two models on the same pairs it is a paired
    bootstrap."""
    kinds, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), RESAMPLES)
    found = drawn @ kinds / len(values)
    low, high = np.percentile(found, [2.5, 97.5])
    return Share(float(values.mean()), float(low), float(high))


def reference_of(
    network: Any, rows: Rows, *, fill: int, words: int, device: str, path: Path, pinned: str
) -> NDArray[np.float32]:
    """log π_ref of all answers, nats: (2, N); computed once and kept in ``path``, JSON with its SHA-256.

    Args:
        network: The reference, in eval mode.
        pinned: All on which the values depend but ``rows``.
    """
    told = (f"{row.start} ".encode() + row.tokens.tobytes() for pair in rows.rows for row in pair)
    digest = sha256_bytes(b"".join(told))
    note = f"{FORMAT} {pinned} {digest}"
    if (kept := _kept(path, note, len(rows.rows))) is not None:
        return kept
    found: list[Tensor] = []
    with torch.no_grad():
        for part in portions(rows.rows, words):
            found.append(answers_of(network, beside(part, fill, device)).float().cpu().reshape(2, -1))
    values = torch.cat(found, 1).numpy() if found else np.empty((2, 0), dtype=np.float32)
    data = json.dumps(values.tolist())
    write_atomic(path, json.dumps({"of": note, "sha256": sha256_bytes(data.encode()), "values": data}).encode())
    return values


def _kept(path: Path, note: str, count: int) -> NDArray[np.float32] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["of"] != note or sha256_bytes(found["values"].encode()) != found["sha256"]:
            return None
        return np.array(json.loads(found["values"]), dtype=np.float32).reshape(2, count)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def beside(pairs: Sequence[tuple[Row, ...]], fill: int, device: str) -> Padded:
    """Chosen rows, then rejected ones, as one batch of 2·B."""
    return padded([pair[side] for side in (0, 1) for pair in pairs], fill=fill, device=device)


class Preferring(Tuning):
    """DPO as an objective of the training loop. An item is a pair.

    Args:
        model: The model that goes on.
        network: What learns: its network, perhaps with adapters.
        settings: How it learns.
        rows: Pairs to learn from, chosen before rejected.
        held_out: Held-out pairs.
        choosing: bool (N,): which of them choose the average that is kept, and are not reported; none or all where
            there is one kind alone.
        reference: The model as it was, in eval mode; it is only looked at.
        values: log π_ref of the answers of ``rows`` and of ``held_out``, nats, each (2, N).
        device: Where the networks live.
    """

    name = "dpo"

    def __init__(
        self,
        model: PlmModel,
        network: nn.Module,
        settings: TuneSettings,
        rows: Rows,
        *,
        held_out: Rows,
        choosing: NDArray[np.bool_],
        reference: nn.Module,
        values: tuple[NDArray[np.float32], NDArray[np.float32]],
        device: str = "cpu",
    ) -> None:
        super().__init__(model, network, settings, rows, held_out=held_out, device=device)
        self._reference, self._values, self._choosing = reference, values, choosing

    def batch(self, indices: NDArray[np.int64]) -> tuple[Padded, Tensor]:
        """The pairs at ``indices``, and log π_ref of their answers (2, B)."""
        rows = beside([self._rows[index] for index in indices], self._fill, self._device)
        return rows, torch.from_numpy(self._values[0][:, indices]).to(self._device)

    def _loss(self, pairs: tuple[Padded, Tensor], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        rows, reference = pairs
        policy = answers_of(self._network, rows).reshape(2, -1)
        gained = self.settings.beta * margins(policy.detach(), reference)
        told = {"accuracy": (gained > 0).float().mean(), "margin": gained.mean()}
        return dpo_loss(policy, reference, self.settings.beta).mean(), told

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """On the first held-out pairs, up to 262,144 tokens: ``dpo_loss`` of those that choose; of the others the
        share whose implied reward is higher for the chosen answer (a draw is half), the mean difference of rewards in
        nats, the share whose chosen answer is the likelier one, now and before, and the divergence from the reference:
        KL(π ‖ π_ref) nats a token, exact over the vocabulary at each token of the chosen answers, whose text is the
        corpus's and not drawn from π."""
        pairs = first_of(self._held_out)
        if not pairs:
            return {}
        network, choosing = average["model"], self._choosing[: len(pairs)]
        policy, reference = self._likelihoods(network, pairs)
        reported = self._reported(len(pairs))
        far, tokens = 0.0, 0
        for part in portions([pair[:1] for pair, on in zip(pairs, reported, strict=True) if on], self._words):
            total, count = self._divergence(network, self._padded([pair[0] for pair in part]))
            far, tokens = far + total, tokens + count
        chosen = torch.from_numpy(choosing if choosing.any() else np.ones_like(choosing))
        on = torch.from_numpy(reported)
        return {
            "dpo_loss": float(dpo_loss(policy, reference, self.settings.beta)[chosen].mean()),
            **told_of(policy[:, on], reference[:, on], self.settings.beta),
            "kl_per_token": far / max(tokens, 1),
        }

    def outcomes(self, network: nn.Module) -> tuple[Tensor, Tensor]:
        """log π and log π_ref of both answers of all held-out pairs of which is told, nats, each (2, N)."""
        with torch.no_grad():
            policy, reference = self._likelihoods(network, self._held_out)
        on = torch.from_numpy(self._reported(len(self._held_out)))
        return policy[:, on], reference[:, on]

    def _reported(self, count: int) -> NDArray[np.bool_]:
        others = ~self._choosing[:count]
        return others if others.any() else ~others

    def _likelihoods(self, network: nn.Module, pairs: Sequence[tuple[Row, ...]]) -> tuple[Tensor, Tensor]:
        policy = [
            answers_of(network, beside(part, self._fill, self._device)).float().cpu().reshape(2, -1)
            for part in portions(pairs, self._words)
        ]
        return torch.cat(policy, 1), torch.from_numpy(self._values[1][:, : len(pairs)])

    def _divergence(self, network: Any, rows: Padded) -> tuple[float, int]:
        """(sum of KL(π ‖ π_ref) over the answers' tokens in nats, their number)."""
        policy, reference = (
            F.log_softmax(model(input_ids=rows.tokens[:, :-1], use_cache=False).logits[rows.counted].float(), -1)
            for model in (network, self._reference)
        )
        return float(F.kl_div(reference, policy, reduction="sum", log_target=True)), len(policy)

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether held-out pairs show that it learnt to prefer, in words."""
        seen = [row for row in history if "validation/win_rate" in row]
        if not seen:
            return []
        row = min(seen, key=lambda found: float(found["validation/dpo_loss"])) if self.settings.best else seen[-1]
        return preference_verdict({key.removeprefix("validation/"): row[key] for key in row})


def told_of(policy: Tensor, reference: Tensor, beta: float) -> dict[str, float]:
    """What pairs show, from log π and log π_ref of both answers, nats, each (2, N), N at least 1: see
    ``Preferring.validate``."""
    margin = margins(policy, reference).double().numpy()
    won = bootstrap((np.sign(margin) + 1) / 2)
    now, before = ((np.sign((p[0] - p[1]).double().numpy()) + 1) / 2 for p in (policy, reference))
    change = bootstrap(now - before)
    return {
        "pairs": float(len(margin)),
        "win_rate": won.value,
        "win_rate_low": won.low,
        "win_rate_high": won.high,
        "reward_margin": float(beta * margin.mean()),
        "likelier": float(now.mean()),
        "likelier_before": float(before.mean()),
        "likelier_change_low": change.low,
        "likelier_change_high": change.high,
    }


def preference_verdict(found: Mapping[str, Any]) -> list[str]:
    """What the figures of ``Preferring.validate`` mean, in words."""
    pairs = int(found["pairs"])
    if pairs < FEW:
        return [_("Only {pairs} pairs were held out: too few to tell whether it learnt to prefer.", pairs=pairs)]
    told = {
        "rate": f"{found['win_rate']:.1%}",
        "pairs": pairs,
        "low": f"{found['win_rate_low']:.1%}",
        "high": f"{found['win_rate_high']:.1%}",
    }
    if found["win_rate_low"] > 0.5:
        first = _(
            "It learnt to prefer: of {pairs} held-out pairs the chosen answer gained more in {rate} (95 %: {low} to "
            "{high}).",
            **told,
        )
    elif found["win_rate_high"] < 0.5:
        first = _(
            "It learnt the wrong way: of {pairs} held-out pairs the chosen answer gained more in {rate} alone (95 %: "
            "{low} to {high}).",
            **told,
        )
    else:
        first = _(
            "No difference is shown: of {pairs} held-out pairs the chosen answer gained more in {rate} (95 %: {low} to "
            "{high}), which may be chance.",
            **told,
        )
    told = {
        "before": f"{found['likelier_before']:.1%}",
        "now": f"{found['likelier']:.1%}",
        "low": f"{100 * found['likelier_change_low']:+.1f}",
        "high": f"{100 * found['likelier_change_high']:+.1f}",
    }
    changed = found["likelier_change_low"] > 0 or found["likelier_change_high"] < 0
    second = (
        _(
            "The chosen answer is the likelier one in {now} of them, before in {before} (change in points, 95 %: {low} "
            "to {high}).",
            **told,
        )
        if changed
        else _(
            "The chosen answer is the likelier one in {now} of them, before in {before}: no difference is shown "
            "(change in points, 95 %: {low} to {high}).",
            **told,
        )
    )
    return [first, second]
