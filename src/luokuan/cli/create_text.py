"""`luokuan create text`: what a language model, or a VAE of sentences, writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import suffix_of
from luokuan.cli.writing import FORMATS, Count, Format, hand_over, show
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home

HELP = _(
    "Create texts: a language model goes on with the prompt, or answers it if it has a chat template; a VAE of "
    "sentences samples, varies a sentence, or leads from one sentence to another."
)
WAYS = 7
"""``--steps`` if no number is given."""


def text(
    prompt: Annotated[str, typer.Argument(help=_("How the text begins, or what is asked; may be empty."))] = "",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=_("A model: name in the store, folder, Hub id, or http://HOST:PORT/v1#NAME of a server."),
            show_default=False,
        ),
    ] = ...,  # type: ignore[assignment]
    output: options.Output = None,
    count: Count = 1,
    seed: options.Seed = 0,
    format: Format = None,
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, max=65_536, help=_("Most tokens to write, the prompt's not counted."))
    ] = 256,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            min=0,
            max=5,
            help=_("Below 1: more probable; 0: always the likeliest (default 0.8; a VAE: 0.7, with --like 0)."),
            show_default=False,
        ),
    ] = None,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help=_("Only so many of the likeliest tokens; 0: all."))] = 0,
    top_p: Annotated[
        float,
        typer.Option("--top-p", min=0, max=1, help=_("Only the likeliest tokens with this probability together.")),
    ] = 1.0,
    min_p: Annotated[
        float,
        typer.Option(
            "--min-p", min=0, max=1, help=_("Only tokens with this share of the likeliest one's probability.")
        ),
    ] = 0.0,
    repetition_penalty: Annotated[
        float,
        typer.Option(
            "--repetition-penalty",
            min=1,
            max=5,
            help=_("Above 1: tokens that the text already holds become unlikelier."),
        ),
    ] = 1.0,
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", help=_("A text before which to end; may be repeated."), show_default=False),
    ] = None,
    system: Annotated[
        str, typer.Option("--system", help=_("What a chat model is told first."), show_default=False)
    ] = "",
    raw: Annotated[
        bool, typer.Option("--raw", help=_("Let a chat model go on with the prompt, not answer it."))
    ] = False,
    like: Annotated[
        str, typer.Option("--like", help=_("VAE of sentences: a sentence to start from."), show_default=False)
    ] = "",
    toward: Annotated[
        str,
        typer.Option("--toward", help=_("With --like: another sentence, to which the text leads."), show_default=False),
    ] = "",
    steps: Annotated[
        int, typer.Option("--steps", min=2, max=64, help=_("With --toward: sentences on the way, both ends included."))
    ] = WAYS,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            min=0,
            max=20,
            help=_(
                "With --like: how far from it; 0: as near as the model comes, 1: one of its kind and length (default)."
            ),
            show_default=False,
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            help=_("VAE of sentences: what to change, such as length or tone=question; may be repeated."),
            show_default=False,
        ),
    ] = None,
    amount: Annotated[
        list[float] | None,
        typer.Option(
            "--amount",
            help=_("By how much, once for each --attribute (default 1; a tone takes 2 to 3); below 0: the other way."),
            show_default=False,
        ),
    ] = None,
    watermark: Annotated[
        bool,
        typer.Option("--watermark/--no-watermark", help=_("Whether the choice of words carries this home's mark.")),
    ] = True,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Create texts, show a single one while it is written, and put them where the person wants them."""
    from luokuan.create.latenttexts import Wish, create_latent_texts
    from luokuan.create.texts import Prompt, create_texts
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import open_home

    wish = Wish(like, toward, steps, noise, _amounts(attribute or [], amount or []), temperature, top_p)
    moves = bool(like or toward or attribute or noise is not None or steps != WAYS)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    suffix = suffix_of(format, output, count, FORMATS)
    shown = count == 1 and not json and not quiet
    place = open_home(home)
    shared: dict[str, Any] = {"model": model, "seed": seed, "count": count, "media_type": FORMATS[suffix]}
    shared |= {"label": wanted, "home": place, "on_text": show if shown else None}
    if moves or _has_latents(model, home=place):
        others = {
            "PROMPT": prompt != "",
            "--tokens": tokens != 256,
            "--top-k": top_k != 0,
            "--min-p": min_p != 0,
            "--repetition-penalty": repetition_penalty != 1,
            "--stop": bool(stop),
            "--system": system != "",
            "--raw": raw,
        }
        if given := [option for option, was in others.items() if was]:
            raise UserError(
                _("{option} has no say with a VAE of sentences.", option=given[0]),
                _("Leave it out; --like gives it a sentence."),
                code="create.option",
            )
        works = create_latent_texts(wish, **shared)
    else:
        manner = Manner(
            0.8 if temperature is None else temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            tokens,
            tuple(stop or ()),
        )
        works = create_texts(Prompt(prompt, system, raw), manner=manner, watermark=watermark, **shared)
    hand_over(works, output, suffix, count=count, shown=shown, json=json, quiet=quiet)


def _amounts(attributes: list[str], amounts: list[float]) -> dict[str, float]:
    if len(amounts) > len(attributes):
        raise UserError(
            _("There are more --amount than --attribute."), _("Give one for each, in order."), code="create.attribute"
        )
    return dict(zip(attributes, [*amounts, *[1.0] * len(attributes)], strict=False))


def _has_latents(model: str, *, home: Home) -> bool:
    from luokuan.create.servers import is_server
    from luokuan.foundation.modelfolder import resolve
    from luokuan.models.registry import LATENT_TEXT, loader_name

    return not is_server(model) and loader_name(resolve(model, home)) in LATENT_TEXT
