"""A mixture of Gaussians fitted on the aggregate posterior, from which pictures are drawn after training.

The decoder only knows latents that the encoder gives, q(z) = mean over x of q(z|x); N(0, I) also has places where no
picture lies. Density estimation after the fact: Ghosh et al. 2020, arXiv 1903.12436, sec. 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _

ROUNDS = 100
ENOUGH = 1e-3
"""Nats by which the mean bound must still rise in a round; below, the fit ends."""
LEAST = 1e-4
"""Smallest variance that is added to each direction: draws must not lie in a plane."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Σ_k π_k·N(m_k, L_k·L_kᵀ).

    Args:
        weights: π, (K,), positive, summing to 1.
        means: m, (K, D).
        roots: Lower Cholesky factors L of the covariances, (K, D, D).
    """

    weights: Tensor
    means: Tensor
    roots: Tensor

    def log_prob(self, z: Tensor) -> Tensor:
        """log density of z (N, D), nats, (N,), in float64."""
        joint = _expected_log_joint(z.double(), None, self.weights.double(), self.means.double(), self.roots.double())
        return torch.logsumexp(joint, dim=1)

    def draw(self, component: int, noise: Tensor, truncation: float = 1.0) -> Tensor:
        """m_k + ψ·L_k·ε, (D,): ψ = ``truncation`` < 1 draws nearer to the centre of the component."""
        return self.means[component] + truncation * (self.roots[component] @ noise)

    def pick(self, share: float) -> int:
        """The component at ``share`` (0..1) of the weights laid end to end."""
        edges = torch.cumsum(self.weights.double(), dim=0)
        return min(int(torch.searchsorted(edges, share, right=True)), len(edges) - 1)


def stored(mixture: Mixture) -> dict[str, Tensor]:
    """As a model's folder holds it: ``prior.weights`` (K,), ``prior.means`` (K, D) and ``prior.roots`` (K, D, D),
    float32."""
    parts = {"weights": mixture.weights, "means": mixture.means, "roots": mixture.roots}
    return {f"prior.{name}": value.float().cpu().contiguous() for name, value in parts.items()}


def expected(components: int, latent: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of what ``stored`` gives."""
    k, d = components, latent
    return {
        "prior.weights": ((k,), "float32"),
        "prior.means": ((k, d), "float32"),
        "prior.roots": ((k, d, d), "float32"),
    }


def from_tensors(tensors: Mapping[str, Tensor], place: object) -> Mixture:
    """What ``stored`` gave, among all tensors of a model, which are looked at as well.

    Raises:
        UserError: it is no distribution, or a tensor holds values that are not finite.
    """
    mixture = Mixture(*(tensors[f"prior.{name}"] for name in ("weights", "means", "roots")))
    legal = bool((mixture.weights > 0).all()) and abs(float(mixture.weights.sum()) - 1) < 1e-3
    legal = legal and bool((mixture.roots.diagonal(dim1=1, dim2=2) > 0).all())
    if not legal or not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise UserError(
            _("The weights of {path} hold values that are not finite or not a distribution.", path=place),
            _("Train the model again, or take another copy of it."),
            code="model.not_finite",
        )
    return mixture


def moment_matched(means: Tensor, variances: Tensor) -> Mixture:
    """The one Gaussian with mean and covariance of the aggregate posterior: Cov(μ) + diag(mean σ²) (the law of total
    variance).

    Args:
        means: μ of each picture, (N, D).
        variances: σ², (N, D).
    """
    ones = means.new_ones(len(means), 1).double()
    return _maximise(means.double(), variances.double(), ones)


def fit(means: Tensor, variances: Tensor, components: int, *, seed: int = 0) -> Mixture:
    """Fit a mixture with full covariances on the aggregate posterior by expectation maximisation.

    Each picture brings its whole posterior N(μ_i, diag σ_i²), not one draw of it. EM (Dempster et al. 1977; Bishop
    2006, sec. 9.2.2) with E_q_i[log N_k] = log N(μ_i; m_k, C_k) - ½ tr(C_k⁻¹·diag σ_i²) for log N_k raises
    mean_i log Σ_k π_k·exp E_q_i[log N_k], a lower bound (Jensen) of mean_i E_q_i[log p(z)]: of what the ELBO would gain
    with this prior. With σ = 0 it is plain EM.

    Args:
        means: μ of each picture, (N, D), N ≥ 1.
        variances: σ², (N, D).
        components: K; the mixture has K of them even where fewer would do.
        seed: Of the first centres (k-means++, Arthur & Vassilvitskii 2007).

    Returns:
        The mixture, float64.
    """
    means, variances = means.double(), variances.double()
    mixture = _maximise(means, variances, _start(means, components, seed))
    last = -math.inf
    for _round in range(ROUNDS):
        joint = _expected_log_joint(means, variances, mixture.weights, mixture.means, mixture.roots)  # (N, K)
        bound = float(torch.logsumexp(joint, dim=1).mean())
        if bound - last < ENOUGH:
            break
        last = bound
        mixture = _maximise(means, variances, torch.softmax(joint, dim=1))
    return mixture


def _start(means: Tensor, components: int, seed: int) -> Tensor:
    """Shares (N, K) of the nearest of K centres; each centre is far from those before it."""
    stream = torch.Generator().manual_seed(mix_seed(seed, "mixture"))
    chosen = [int(torch.randint(len(means), (), generator=stream))]
    distances = (means - means[chosen[0]]).square().sum(dim=1)  # (N,)
    for _k in range(1, components):
        # Equal points leave no distance to choose by: any of them will do.
        odds = distances if float(distances.sum()) > 0 else torch.ones_like(distances)
        chosen.append(int(torch.multinomial(odds, 1, generator=stream)))
        distances = torch.minimum(distances, (means - means[chosen[-1]]).square().sum(dim=1))
    nearest = torch.cdist(means, means[chosen]).argmin(dim=1)
    return torch.nn.functional.one_hot(nearest, components).double()


def _maximise(means: Tensor, variances: Tensor, shares: Tensor) -> Mixture:
    """The M step: weights, means and covariances of the posteriors with ``shares`` (N, K)."""
    # A component that lost all its pictures stays a legal Gaussian: the whole set's, with hardly any weight.
    shares = shares + 1e-6 / len(means)
    mass = shares.sum(dim=0)  # (K,)
    centres = (shares.T @ means) / mass[:, None]  # (K, D)
    spread = (shares.T @ variances) / mass[:, None] + LEAST  # (K, D)
    roots = []
    for k in range(len(mass)):
        away = means - centres[k]
        covariance = (away * shares[:, k : k + 1]).T @ away / mass[k] + torch.diag(spread[k])
        roots.append(torch.linalg.cholesky(covariance))
    return Mixture(mass / mass.sum(), centres, torch.stack(roots))


def _expected_log_joint(
    means: Tensor, variances: Tensor | None, weights: Tensor, centres: Tensor, roots: Tensor
) -> Tensor:
    """log π_k + E_q_i[log N_k] of each posterior and component, (N, K); without ``variances`` of points."""
    columns = []
    for k in range(len(weights)):
        away = torch.linalg.solve_triangular(roots[k], (means - centres[k]).T, upper=False)  # (D, N)
        terms = means.shape[1] * math.log(2 * math.pi) + away.square().sum(dim=0)
        if variances is not None:
            # tr(C⁻¹·diag σ²) = Σ_j (C⁻¹)_jj·σ_j²
            inverse = torch.cholesky_inverse(roots[k]).diagonal()
            terms = terms + variances @ inverse
        columns.append(weights[k].log() - roots[k].diagonal().log().sum() - 0.5 * terms)
    return torch.stack(columns, dim=1)
