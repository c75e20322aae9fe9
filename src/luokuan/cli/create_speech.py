"""`luokuan create speech`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import path_of, record_of, suffix_of, told_of
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work
    from luokuan.store.home import Home

HELP = _("Speak a text, Chinese or English or both, with captions that tell the time of each word.")

FORMATS = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg; codecs=opus",
    "m4a": "audio/mp4",
}


def speech(
    text: Annotated[str, typer.Argument(help=_("What to say."), show_default=False)] = "",
    source: Annotated[
        Path | None, typer.Option("--input", "-i", help=_("A file of text to speak."), show_default=False)
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option("--voice", help=_("A voice, one a language; may be repeated (see --voices)."), show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help=_("A model that speaks: name in the store, folder, or Hub id."),
            show_default=False,
        ),
    ] = None,
    voices: Annotated[bool, typer.Option("--voices", help=_("List the voices, whose they are and how good."))] = False,
    rate: Annotated[float, typer.Option("--rate", help=_("How fast, 0.5 to 2."))] = 1.0,
    pitch: Annotated[float, typer.Option("--pitch", help=_("Semitones higher, -12 to 12."))] = 0.0,
    output: options.Output = None,
    seed: options.Seed = 0,
    format: Annotated[
        str | None,
        typer.Option("--format", help=_("wav, flac, mp3, ogg, opus or m4a (default: by --output, else wav).")),
    ] = None,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    heard: labelling.Heard = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Speak a text and write the sound with its captions where the person wants them."""
    from luokuan.colophon.finish import beside, export_work
    from luokuan.create.speeches import create_speech
    from luokuan.create.starting import text_from
    from luokuan.create.voices.label import with_voice
    from luokuan.store.home import open_home

    if voices:
        _list(open_home(home), json=json)
        return
    if text and source is not None:
        raise UserError(_("Both a text and --input were given."), _("Give one of them."), code="speech.input")
    suffix = suffix_of(format, output, 1, FORMATS)
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    place = open_home(home)
    given, origin = (text, None) if source is None else text_from(source, place)
    work = create_speech(
        given,
        voices=_chosen(tuple(voice or ()), model),
        rate=rate,
        pitch=pitch,
        seed=seed,
        media_type=FORMATS[suffix],
        label=with_voice(wanted, heard),
        home=place,
        origin=origin,
    )
    exported = export_work(work, path_of(output, work, suffix, count=1))
    if json:
        emit_json(record_of(exported) | {"credit": work.recipe.credit or None, "licence": work.recipe.licence,
                                        "left_out": work.recipe.parameters.get("left_out") or None})  # fmt: skip
        return
    say(told_of(exported))
    say(_("Beside it: {endings}. Keep them together.", endings=", ".join(beside(work))), quiet=quiet)
    if left_out := work.recipe.parameters.get("left_out"):
        say(_("Left out, as no voice here speaks it: {letters}", letters=visible(left_out)))
    _say_credit(work)


def _chosen(voices: tuple[str, ...], model: str | None) -> tuple[str, ...]:
    """The voices' names, with that of the model, which is made known.

    Raises:
        UserError: there is no such model, or it is no voice.
    """
    from luokuan.create.voices.trained import use_model

    if not model:
        return voices
    trained = use_model(model)
    return voices if trained in voices else (*voices, trained)


def _say_credit(work: Work) -> None:
    """What a licence asks of who passes the work on is told even with --quiet."""
    if work.recipe.credit:
        say(_("Licence {licence}; to be named: {credit}.", licence=work.recipe.licence,
              credit=visible(work.recipe.credit)))  # fmt: skip


def _list(home: Home, *, json: bool) -> None:
    from luokuan.create.voices.registry import cards
    from luokuan.create.voices.trained import stored_cards

    found = [*cards(), *stored_cards(home)]
    if json:
        emit_json({"voices": [asdict(card) for card in found]})
        return
    rows = [(card.name, ", ".join(card.languages), card.licence, card.title, card.quality) for card in found]
    table([_("voice"), _("language"), _("licence"), _("about"), _("how good")], rows)
    for card in found:
        said = f"{card.source}. {card.consent}" if card.source else card.consent or _("Nobody says whose voice it is.")
        say(f"{card.name}: {said}" + (f" {card.credit}." if card.credit else ""))
