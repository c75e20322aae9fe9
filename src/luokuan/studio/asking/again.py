"""The brief of a work that is there: to make it again, or something like it.

A work that a job made has the job's brief. Of one that the command line made there is the recipe, of which a brief can
say as much as its form has fields for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from luokuan.create.voices.registry import come_along
from luokuan.store import jobs
from luokuan.store.ownership import own_among
from luokuan.store.works import WorkRow, find_work_by_sha256

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.accounts import AccountRow

_DRAWING = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_tokens", "stop")


def brief_again(connection: sa.Connection, row: WorkRow, person: AccountRow) -> tuple[str, dict[str, Any]] | None:
    """Kind and brief with which a work of ``person``'s comes out again; None where no kind of job makes such works."""
    found = jobs.made_by(connection, row.id)
    if found is not None and found[0].owner == person.id:
        job, place = found
        brief = dict(job.brief)
        # Pictures and pieces have a seed of their own each, a way is one whole; texts are the same only all together.
        alone = {"create.image": ("toward", "like"), "create.music": ("start",)}.get(job.kind)
        if alone is not None and not any(brief.get(name) is not None for name in alone):
            brief |= {"seed": (brief.get("seed") or 0) + place, "count": 1}
        return job.kind, brief
    return _of_recipe(connection, row, person)


def variations_of(row: WorkRow) -> dict[str, Any]:
    """A brief that starts from a picture, with the model that made it."""
    parameters = _parameters(row)
    brief = str((row.recipe or {}).get("brief") or "")
    return {"model": row.model_name, "brief": brief, "like": f"work:{row.id}", "count": 4,
            **({"class_name": parameters["class"]} if parameters.get("class") and not brief else {})}  # fmt: skip


def _parameters(row: WorkRow) -> Mapping[str, Any]:
    found = (row.recipe or {}).get("parameters")
    return found if isinstance(found, Mapping) else {}


def _of_recipe(connection: sa.Connection, row: WorkRow, person: AccountRow) -> tuple[str, dict[str, Any]] | None:
    recipe, said = row.recipe or {}, _parameters(row)
    shared = {"model": row.model_name, "seed": recipe.get("seed"), "format": row.media_type}
    brief = str(recipe.get("brief") or "")
    if row.kind == "image" and "enlarged" in said:
        file = _reference(connection, said["enlarged"], person)
        return "create.enlargement", {**shared, "file": file, "by": said.get("by")}
    if row.kind == "image":
        return "create.image", {**shared, **_picture(connection, brief, said, person)}
    if row.kind == "music":
        return "create.music", {**shared, **_music(connection, said, person)}
    if row.kind == "speech":
        how = {name: said[name] for name in ("rate", "pitch") if name in said}
        known = come_along()
        trained = [name for name in _voices(said) if name not in known]
        how |= {"model": trained[0]} if trained else {}
        return "create.speech", {"seed": recipe.get("seed"), "format": row.media_type, "text": brief,
                                 "voices": [name for name in _voices(said) if name in known], **how}  # fmt: skip
    if row.kind == "presenter":
        return "create.presenter", {"seed": recipe.get("seed"), "format": row.media_type, "text": brief,
                                    **_presenter(connection, said, person)}  # fmt: skip
    drawing = {name: said[name] for name in _DRAWING if name in said}
    if row.kind == "text" and "toward_text" in said:
        return "create.sentences", {**shared, **_sentences(said, recipe.get("seed"))}
    if row.kind == "text" and "chat" in said:
        first = {"seed": said.get("first_seed", recipe.get("seed")), "count": said.get("count", 1)}
        own = {"prompt": brief, "system": said.get("system", ""), "watermark": said.get("watermark") is not None}
        return "create.text", {**shared, **first, **own, "drawing": drawing}
    if row.kind == "verse":
        wishes = {name: said.get(name) for name in ("title", "form", "first_line", "heads", "rhyme", "tones")}
        first = {"seed": said.get("first_seed", recipe.get("seed")), "count": said.get("count", 1)}
        return "create.verse", {**shared, **first, **wishes, "drawing": drawing}
    asked = said.get("brief")
    if row.kind == "copy" and isinstance(asked, Mapping):
        facts = asked.get("attributes")
        first = {"seed": said.get("first_seed", recipe.get("seed")), "count": said.get("count", 1)}
        own = {**asked, "attributes": dict(facts or ()), "among": said.get("among")}
        return "create.copy", {**shared, **first, **own}
    if row.kind == "video" and "storyboard" in said:
        return "create.video", {"seed": recipe.get("seed"), "format": row.media_type, "storyboard": said["storyboard"]}
    if row.kind == "video" and "loops" in said:
        wishes = {name: said[name] for name in ("fps", "loops", "size", "temperature", "guidance") if name in said}
        return "create.clip", {**shared, "brief": brief, **wishes}
    if row.kind == "translation":
        return "create.translation", {**shared, "text": brief, "to": said.get("to"), "start": said.get("from", "")}
    return None


def _picture(connection: sa.Connection, brief: str, said: Mapping[str, Any], person: AccountRow) -> dict[str, Any]:
    upscale = said.get("upscale")
    found = {
        "brief": brief,
        "class_name": None if brief else said.get("class"),
        "like": _reference(connection, said.get("like"), person),
        "toward": said.get("toward"),
        "strip": "strip" in said,
        "upscale": upscale.get("factor") if isinstance(upscale, Mapping) else None,
        "upscaler": upscale.get("model") if isinstance(upscale, Mapping) else None,
    }
    if not brief and isinstance(said.get("attributes"), Mapping):
        found["attributes"] = said["attributes"]
    found |= {name: said[name] for name in ("truncation", "guidance", "among", "strength") if name in said}
    if "strip" in said:
        found["count"] = said["strip"]
    return found


def _music(connection: sa.Connection, said: Mapping[str, Any], person: AccountRow) -> dict[str, Any]:
    named = {"like": "like", "start": "from", "to": "to", "go_on": "continue"}
    named |= {"accompany": "accompany", "infill": "infill"}
    files = {name: _reference(connection, said.get(key), person) for name, key in named.items()}
    wishes = ("bars", "mode", "density", "tempo", "temperature", "truncation", "noise", "steps", "strip")
    kept = {name: said[name] for name in (*wishes, "key", "from_bar", "to_bar") if name in said}
    if said.get("synthesiser") == "built-in":
        kept["synthesiser"] = "built-in"
    return {**files, **kept}


def _sentences(said: Mapping[str, Any], seed: Any) -> dict[str, Any]:
    wishes = ("noise", "attributes", "temperature", "top_p", "count", "steps")
    kept = {name: said[name] for name in wishes if said.get(name) is not None}
    own = {"sentence": said.get("like", ""), "toward": said.get("toward_text", "")}
    return {**own, **kept, "seed": said.get("first_seed", seed)}


def _presenter(connection: sa.Connection, said: Mapping[str, Any], person: AccountRow) -> dict[str, Any]:
    wishes = ("rate", "pitch", "mouth", "title", "subtitle", "background", "aspect", "size", "fps", "captions")
    kept = {name: said[name] for name in wishes if said.get(name) is not None}
    # The look as it was drawn, whatever of it the seed chose; without one the first picture was the portrait.
    look, used = said.get("portrait"), list(said.get("pictures") or ())
    portrait = used.pop(0) if look is None and used else None
    return {
        **kept,
        "voices": _voices(said),
        "portrait": dict(look) if isinstance(look, Mapping) else {},
        "portrait_file": _reference(connection, portrait, person),
        "background_file": _reference(connection, used[0] if used else None, person),
    }


def _voices(said: Mapping[str, Any]) -> list[str]:
    voices = said.get("voices")
    return [str(one["name"]) for one in voices or () if isinstance(one, Mapping) and "name" in one]


def _reference(connection: sa.Connection, sha256: Any, person: AccountRow) -> str | None:
    """How a brief names the work with these bytes, if it is ``person``'s."""
    row = find_work_by_sha256(connection, sha256) if isinstance(sha256, str) else None
    return f"work:{row.id}" if row is not None and own_among(connection, [row.id], person) else None
