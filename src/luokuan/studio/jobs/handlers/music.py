"""Music: new pieces, variations of one, ways from one to another; by language models also pieces that go on, parts for
a melody, and gaps that are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from luokuan.studio.jobs.briefs import Count, Making, check_making
from luokuan.studio.jobs.clashes import refuse_both, refuse_needless
from luokuan.studio.jobs.kinds import Kind, register
from luokuan.studio.jobs.references import file_path, model_path

if TYPE_CHECKING:
    from luokuan.create.pieces import Wish
    from luokuan.media import Score
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

NAME = "create.music"
MIDI: dict[str, Any] = {"file": "audio/midi"}
MOST_BARS = 128
MusicFormat = Literal[
    "audio/midi", "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/ogg; codecs=opus", "audio/mp4",
    "image/png", "image/svg+xml", "application/pdf", "application/vnd.recordare.musicxml+xml",
]  # fmt: skip


class MusicBrief(Making):
    """See ``luokuan.create.pieces.Wish``; ``like``, ``start`` and ``to`` are MIDI files, as ``work:ID`` or
    ``input:SHA256``: one to vary, or two between which the way leads, in ``steps`` works (``strip``: in one). So are
    ``go_on``, ``accompany`` and ``infill`` (with the bars ``from_bar`` to ``to_bar``), see
    ``luokuan.create.songs.Task``."""

    model: str = Field(default="chorale", min_length=1, max_length=64)
    bars: int = Field(default=8, ge=1, le=MOST_BARS)
    mode: Literal["major", "minor"] | None = None
    density: Literal["low", "medium", "high"] | None = None
    tempo: float | None = Field(default=None, ge=20, le=400)
    key: str | None = Field(default=None, max_length=20)
    count: Count = 1
    like: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    noise: float | None = Field(default=None, ge=0, le=1)
    start: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    to: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    go_on: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    accompany: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    infill: str | None = Field(default=None, max_length=80, json_schema_extra=MIDI)
    from_bar: int | None = Field(default=None, ge=1, le=256)
    to_bar: int | None = Field(default=None, ge=1, le=256)
    steps: int = Field(default=8, ge=2, le=64)
    strip: bool = False
    temperature: float | None = Field(default=None, ge=0, le=5)
    truncation: float = Field(default=1.0, ge=0, le=1)
    synthesiser: Literal["system", "built-in"] = "system"
    format: MusicFormat = "audio/midi"

    @property
    def outputs(self) -> int:
        """How many works it makes."""
        if self.start is None:
            return self.count
        return 1 if self.strip else self.steps

    def wish(self) -> Wish:
        """The same for the model."""
        from luokuan.create.pieces import Wish

        return Wish(
            self.bars, self.mode, self.density, self.tempo, self.temperature, self.truncation, self.steps, self.noise,
            self.strip, self.key,
        )  # fmt: skip


def check(brief: MusicBrief, home: Home) -> None:
    """Refuse models and files that aren't there, a sheet that nothing draws here, and wishes that have no say beside
    others."""
    from luokuan.create.rendering import check_drawn

    check_making(brief, home)
    check_drawn(brief.format)
    way = brief.start is not None or brief.to is not None
    refuse_needless(
        NAME,
        (
            (way and brief.start is None, "to", "start"),
            (way and brief.to is None, "start", "to"),
            (brief.noise is not None and brief.like is None, "noise", "like"),
            (brief.strip and not way, "strip", "start"),
            (brief.infill is not None and brief.from_bar is None, "infill", "from_bar"),
            (brief.infill is not None and brief.to_bar is None, "infill", "to_bar"),
            (brief.infill is None and brief.from_bar is not None, "from_bar", "infill"),
            (brief.infill is None and brief.to_bar is not None, "to_bar", "infill"),
        ),
    )
    given = {"like": brief.like, "mode": brief.mode, "density": brief.density}
    refuse_both(NAME, ((way and value is not None, name, "start") for name, value in given.items()))
    refuse_both(NAME, [(way and brief.count != 1, "count", "start")])
    files = {name: getattr(brief, name) for name in ("like", "start", "go_on", "accompany", "infill")}
    chosen = [name for name, reference in files.items() if reference is not None]
    refuse_both(NAME, ((True, name, chosen[0]) for name in chosen[1:]))
    if brief.key is not None:
        from luokuan.create.songs import key_number

        key_number(brief.key)
    for reference in (*files.values(), brief.to):
        if reference is not None:
            file_path(reference, home)


def run(context: Context, brief: MusicBrief) -> dict[str, Any]:
    """Make them, one after the other; what is shown meanwhile is the piano-roll."""
    from luokuan.create.pieces import create_music

    home = context.home
    # Each piece has a seed of its own, so that those which are there need not be made again; a way is one whole.
    there = 0 if brief.start is not None else context.finished_first
    context.skip(there)
    works = create_music(
        brief.wish(),
        model=model_path(brief.model, home),
        seed=brief.seeded() + there,
        count=brief.count - there,
        like=None if brief.like is None else file_path(brief.like, home),
        start=None if brief.start is None else file_path(brief.start, home),
        to=None if brief.to is None else file_path(brief.to, home),
        **{
            name: file_path(reference, home)
            for name in ("go_on", "accompany", "infill")
            if (reference := getattr(brief, name)) is not None
        },
        from_bar=brief.from_bar,
        to_bar=brief.to_bar,
        media_type=brief.format,
        font="" if brief.synthesiser == "built-in" else None,
        label=brief.wanted_label(home),
        home=home,
        on_score=lambda score, bar: _show(context, score, bar),
        finisher=context.finish,
    )
    made = []
    for work in works:
        made.append(work.id)
        context.progress((there + len(made)) / brief.outputs)
    return {"works": [*(context.works[place] for place in range(there)), *made]}


def _show(context: Context, score: Score, bar: float) -> None:
    from luokuan.media import Picture
    from luokuan.models.vae.music.pianoroll import pianoroll
    from luokuan.studio.jobs.context import png_of

    context.show("image/png", png_of(Picture(pianoroll(score, bar=bar))))


register(
    Kind(
        name=NAME,
        brief=MusicBrief,
        run=run,
        check=check,
        outputs=lambda brief: brief.outputs,
        families=("vae/music", "gan/music", "plm/music"),
    )
)
