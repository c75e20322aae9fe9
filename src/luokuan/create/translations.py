"""Translations: a text and a model to a draft, the draft to a finished work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.create.figures import strange_figures
from luokuan.create.sentences import Line, fitting, lines_of, put_together
from luokuan.create.servers import Server, find_server, is_server
from luokuan.create.texts import LAST_SEED
from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.foundation.corpus.parallel import check_languages
from luokuan.i18n import _
from luokuan.media import Text

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Origin
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Recipe, Work
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.seq2seq.model import Seq2SeqModel
    from luokuan.store.home import Home

STARTER = "en-zh"
LONGEST = 1 << 20
"""Most characters of a text."""
TAGS = {"zh": "zh-CN"}
"""Languages as a work names them (BCP 47), where that is more than their code."""
ASKED = (
    "You are a translator. Translate the user's text{start} into {to}. Answer with the translation alone, without "
    "remarks, and keep its tone."
)
MOST_LOST = 20
"""Figures that a recipe names of those that a translation lost."""
_ROOM = 64
"""Tokens that an answer may have beyond four times its text's."""
OnDone = Callable[[int, int], None]
"""Called with (sentences done, of how many)."""


@dataclass(frozen=True, slots=True)
class Way:
    """What is to be translated from which language into which.

    Args:
        to: Code of the language to write, such as ``zh``.
        start: Code of the language of the text; empty: the model's one, or whatever it is.
        beams: Hypotheses that an encoder-decoder keeps, 1 to 16.
        length: Its exponent of the length by which they are compared, 0 to 5.
    """

    to: str
    start: str = ""
    beams: int = 4
    length: float = 1.0

    def check(self) -> None:
        """Refuse languages that nobody knows, and twice the same.

        Raises:
            UserError: see above.
        """
        check_languages(self.start or ("en" if self.to != "en" else "zh"), self.to)
        for code in filter(None, (self.start, self.to)):
            name_of(code)


def name_of(language: str) -> str:
    """A language's name in English.

    Raises:
        UserError: nobody knows it.
    """
    from babel import Locale, UnknownLocaleError

    try:
        found = Locale.parse(language).english_name
    except (UnknownLocaleError, ValueError):
        found = None
    if not found:
        raise UserError(
            _("The language '{language}' is unknown.", language=language[:20]),
            _("Use codes such as en, zh or de."),
            code="language.unknown",
        )
    return str(found)


def read_text(path: Path) -> str:
    """The text of a file, UTF-8 with or without a byte order mark.

    Raises:
        UserError: it can't be read, isn't UTF-8, or is too long.
    """
    place = expand(path)
    try:
        if place.stat().st_size > 4 * LONGEST:
            raise _too_long()
        return place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            _("{path} is not UTF-8.", path=place), _("Save it as UTF-8."), code="translation.encoding"
        ) from error
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=place, why=error.strerror or error),
            _("Give a file of text."),
            code="translation.file",
        ) from error


def _no_answer() -> UserError:
    return UserError(_("The model gave no translation."), _("Try another --model."), code="translation.no_answer")


def _too_long() -> UserError:
    return UserError(
        _("The text is longer than {most} characters.", most=LONGEST),
        _("Translate it in parts."),
        code="translation.too_long",
    )


def checked(text: str, way: Way) -> None:
    """Refuse what can't be translated.

    Raises:
        UserError: no text, too much of it, half a character, or a text that is in the language wanted already.
    """
    from luokuan.models.seq2seq.decoding import require_whole

    way.check()
    require_whole(text)
    if not any(character.isalnum() for character in text):
        raise UserError(
            _("There is nothing to translate."), _("Give a text, or --input FILE."), code="translation.empty"
        )
    if len(text) > LONGEST:
        raise _too_long()
    letters = [character for character in text if character.isalpha()]
    chinese = sum(map(_chinese, letters))
    if way.to == "zh" and 2 * chinese > len(letters) and way.start != "ja":
        raise UserError(_("The text is Chinese already."), _("Give another --to."), code="translation.already")


def _chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _speaks(piece: str) -> bool:
    return any(character.isalpha() for character in piece)


def draft_translation(
    text: str, way: Way, *, model: Seq2SeqModel | PlmModel | Server, seed: int = 0, on_done: OnDone | None = None
) -> Draft:
    """Make a draft: the translation with its recipe, not yet labelled, so not yet fit to leave.

    The recipe names figures of the text whose value the translation doesn't have (``lost_figures``). Lines, indentation
    and marks of lists stay; each sentence is translated on its own by an encoder-decoder, each line
    by a chat model or a server.

    Args:
        text: What to translate.
        way: From which language into which, and how.
        model: An encoder-decoder, a language model with a chat template, or a server.
        seed: Of what a server draws; others draw nothing.

    Raises:
        UserError: see ``checked``; the model doesn't know the languages, or can't be asked.
    """
    from luokuan.colophon.schema import Draft
    from luokuan.models.plm.model import PlmModel

    checked(text, way)
    if not 0 <= seed <= LAST_SEED:
        raise UserError(_("The seed is out of range."), _("Seeds lie in 0…2⁶³-1."), code="create.range")
    lines = lines_of(text.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(model, Server):
        written, said = _asked(lines, way, on_done, lambda told, line: _served_answer(model, told, line, seed))
        recipe = _served(model, text, said, seed)
    elif isinstance(model, PlmModel):
        written, said = _asked(lines, way, on_done, lambda told, line: _own_answer(model, told, line))
        recipe = _recipe(model, text, said, seed)
    else:
        written, said = _searched(model, lines, way, on_done)
        recipe = _recipe(model, text, said, seed)
    found = put_together(lines, written, way.to)
    lost = [figure.written for figure in strange_figures(text, [found])][:MOST_LOST]
    recipe = replace(recipe, parameters={**recipe.parameters, "lost_figures": lost})
    return Draft(Text(found, TAGS.get(way.to, way.to)), recipe, kind="translation")


def _searched(
    model: Seq2SeqModel, lines: Sequence[Line], way: Way, on_done: OnDone | None
) -> tuple[list[list[str]], dict[str, Any]]:
    from luokuan.models.seq2seq.decoding import Search, check_direction, translate

    search = Search(way.beams, way.length)
    search.check()
    start = way.start or next((one for one, other in model.directions if other == way.to), "")
    if not start and model.ours:
        raise UserError(
            _("'{name}' doesn't translate into {to}.", name=model.folder.name, to=way.to),
            _("It knows: {known}.", known=", ".join(f"{one} → {other}" for one, other in model.directions)),
            code="translation.direction",
        )
    if not start and (model.asked or model.mark_of(way.to) is not None):
        raise UserError(
            _("'{name}' must be told the language of the text.", name=model.folder.name),
            _("Give it with --from."),
            code="translation.from",
        )
    check_direction(model, start, way.to)
    if start == "zh" and not any(_chinese(c) for line in lines for sentence in line.sentences for c in sentence):
        raise UserError(
            _("The text is not Chinese, from which '{name}' translates into {to}.", name=model.folder.name, to=way.to),
            _("Give another --to or another --model."),
            code="translation.language",
        )

    def fits(sentence: str) -> bool:
        return len(model.sources([sentence], start, way.to)[0]) <= model.longest

    pieces = [[fitting(sentence, fits) for sentence in line.sentences] for line in lines]
    # Numbers and rules stay as they are.
    flat = [piece for line in pieces for sentence in line for piece in sentence if _speaks(piece)]
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if on_done is not None:
            on_done(done, len(flat))

    found = iter(translate(model, flat, start=start, to=way.to, search=search, on_done=tell))
    written = [[next(found) if _speaks(piece) else piece for sentence in line for piece in sentence] for line in pieces]
    if not any(piece.strip() for line in written for piece in line):
        raise _no_answer()
    return written, {
        "from": start,
        "to": way.to,
        "beams": way.beams,
        "length": way.length,
        "sentences": sum(len(line.sentences) for line in lines),
    }


def _asked(
    lines: Sequence[Line], way: Way, on_done: OnDone | None, answer: Callable[[str, str], tuple[str, str]]
) -> tuple[list[list[str]], dict[str, Any]]:
    """Each line as ``answer`` (system prompt, line to translation and why it ended) has it."""
    told = ASKED.format(start=f" from {name_of(way.start)}" if way.start else "", to=name_of(way.to))
    full = sum(bool(line.sentences) for line in lines)
    written: list[list[str]] = []
    ended, done = set[str](), 0
    for line in lines:
        if not line.sentences:
            written.append([])
            continue
        text, why = answer(told, " ".join(line.sentences))
        if not text.strip():
            raise _no_answer()
        ended.add(why)
        written.append([" ".join(text.split())])
        done += 1
        if on_done is not None:
            on_done(done, full)
    return written, {"from": way.start, "to": way.to, "system": told, "ended": sorted(ended), "chat": True}


def _served_answer(server: Server, told: str, line: str, seed: int) -> tuple[str, str]:
    """What a server makes of a line, at temperature 0, and why it ended."""
    from luokuan.create.texts import Prompt
    from luokuan.models.plm.sampling import MOST_TOKENS, Manner

    return server.write(
        Prompt(line, told), Manner(temperature=0.0, max_tokens=min(_ROOM + 4 * len(line), MOST_TOKENS)), seed
    )


def _own_answer(model: PlmModel, told: str, line: str) -> tuple[str, str]:
    from luokuan.models.plm.chat import as_chat
    from luokuan.models.plm.sampling import MOST_TOKENS, Manner
    from luokuan.models.plm.writing import prompt_tokens, write

    asked = as_chat(model, [{"role": "system", "content": told}, {"role": "user", "content": line}])
    most = min(_ROOM + 4 * len(prompt_tokens(model, line)), MOST_TOKENS)
    (found,) = write(model, [asked], manner=Manner(temperature=0.0, max_tokens=most), chat=True)
    return found.text, found.ended


def _recipe(model: Seq2SeqModel | PlmModel, text: str, said: Mapping[str, Any], seed: int) -> Recipe:
    from luokuan.colophon.schema import Recipe

    folder = model.folder
    return Recipe(
        model=folder.name,
        model_digest=folder.digest,
        brief=text,
        parameters=said,
        seed=seed,
        licence=folder.licence,
        corpus_digest=folder.corpus_digest or None,
    )


def _served(server: Server, text: str, said: Mapping[str, Any], seed: int) -> Recipe:
    from luokuan.colophon.schema import Recipe

    parameters = {**said, "server": server.address}
    return Recipe(model=server.short_name, model_digest=server.digest, brief=text, parameters=parameters, seed=seed)


def create_translation(
    text: str,
    *,
    to: str,
    start: str = "",
    model: str | Path = STARTER,
    seed: int = 0,
    beams: int = 4,
    length: float = 1.0,
    media_type: str = "text/plain",
    label: LabelOptions | None = None,
    home: Home | None = None,
    on_done: OnDone | None = None,
    on_text: Callable[[int, str], None] | None = None,
    origin: Origin | None = None,
    finisher: Finisher | None = None,
) -> Work:
    """Create one finished translation; see ``Way`` and ``draft_translation`` for the other arguments.

    Args:
        model: Store name, starter name, folder, Hub id, or a server's address.
        media_type: ``text/plain``, ``text/markdown``, ``application/json`` or ``text/html``.
        label: The explicit label; default: both languages.
        home: Where the work is kept; default: the user's home.
        on_text: Called with 0 and the translation before it is labelled.
        origin: The file from which the text is; see ``luokuan.create.starting.text_from``.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, or see ``draft_translation`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.models.registry import load_translating_model
    from luokuan.store.home import open_home

    way = Way(to, start, beams, length)
    checked(text, way)  # before a model is loaded
    place = home or open_home()
    loaded = find_server(str(model)) if is_server(model) else load_translating_model(model)
    draft = draft_translation(text, way, model=loaded, seed=seed, on_done=on_done)
    if on_text is not None and isinstance(draft.media, Text):
        on_text(0, draft.media.text)
    return (finisher or finish)(draft, home=place, media_type=media_type, label=label, origin=origin)
