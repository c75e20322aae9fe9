"""The main job in one go: a work with each starter model, verified, on one contact sheet."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.files import write_atomic
from luokuan.i18n import _, language

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work
    from luokuan.colophon.verdict import Verdict
    from luokuan.store.home import Home

BRIEFS = {"garments-32": "a dress"}
"""What each starter is asked for; a starter without a brief gets an empty one."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One work of the sheet. ``path``: its file; ``good``: ours and unchanged."""

    work: Work
    path: Path
    verdict: Verdict
    good: bool


def exhibits(folder: Path, home: Home) -> Iterator[Exhibit]:
    """Create, export and verify one work with each starter.

    Raises:
        UserError: see ``create_images`` and ``finish``.
    """
    from luokuan.colophon.finish import export_work
    from luokuan.colophon.verification import verify_file
    from luokuan.create.pictures import create_image
    from luokuan.foundation.modelfolder import starters

    for name in starters():
        work = create_image(BRIEFS.get(name, ""), model=name, seed=SEED, home=home)
        path = folder / f"{name}.png"
        export_work(work, path)
        verdict = verify_file(path, home=home)
        yield Exhibit(work, path, verdict, verdict.verdict == "ours")


def write_sheet(found: list[Exhibit], folder: Path) -> Path:
    """Write ``index.html`` beside the works; it needs nothing but them. Atomic."""
    cards = "\n".join(_card(exhibit) for exhibit in found)
    title = _("Luokuan: one work from each starter")
    page = _PAGE.format(
        language="zh-CN" if language() == "zh_CN" else "en",
        title=html.escape(title),
        lead=html.escape(
            _("Each work carries its label, its signature and its recipe, and was verified after it was written.")
        ),
        cards=cards,
    )
    path = folder / "index.html"
    write_atomic(path, page.encode())
    return path


def _card(exhibit: Exhibit) -> str:
    work = exhibit.work
    recipe = work.recipe
    rows = [
        (_("Brief"), recipe.brief or "-"),
        (_("Label"), work.label),
        (_("Verdict"), exhibit.verdict.verdict),
        (_("Model"), f"{recipe.model} ({recipe.model_digest[:12]})"),
        (_("Licence"), recipe.licence),
        (_("Seed"), recipe.seed),
        (_("Work"), work.id),
    ]
    table = "".join(f"<dt>{html.escape(str(k))}</dt><dd>{html.escape(str(v))}</dd>" for k, v in rows)
    evidence = "".join(f"<li>{html.escape(line)}</li>" for line in exhibit.verdict.evidence)
    full = html.escape(json.dumps(recipe.to_dict(), ensure_ascii=False, indent=1))
    kind = "good" if exhibit.good else "bad"
    return (
        f'<article class="{kind}"><img src="{html.escape(exhibit.path.name)}" alt="{html.escape(recipe.brief)}">'
        f"<dl>{table}</dl><details><summary>{html.escape(_('Evidence'))}</summary><ul>{evidence}</ul></details>"
        f"<details><summary>{html.escape(_('Recipe'))}</summary><pre>{full}</pre></details></article>"
    )


_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d1b19; --paper: #f7f4ee; --seal: #b3261e; --line: #d8d2c6; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #ece7de; --paper: #1b1a18; --line: #45413a; }} }}
body {{ margin: 0 auto; max-width: 72rem; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", sans-serif; }}
h1 {{ font-weight: 600; border-bottom: 3px solid var(--seal); padding-bottom: .5rem; }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }}
article {{ border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; padding-bottom: .75rem; }}
article.bad {{ outline: 3px solid var(--seal); }}
img {{ width: 100%; display: block; }}
dl {{ display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: 1rem; }}
dt {{ opacity: .7; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
details {{ margin: .25rem 1rem; }} pre {{ overflow-x: auto; font-size: 13px; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{lead}</p>
<main>
{cards}
</main>
</body>
</html>
"""
