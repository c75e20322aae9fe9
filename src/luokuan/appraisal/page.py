"""The report as one HTML page: no scripts, nothing fetched, charts inside."""

from __future__ import annotations

from pathlib import Path

from luokuan.appraisal.document import Document
from luokuan.appraisal.drawing import COLOURS, to_svg

TEMPLATES = Path(__file__).parent / "templates"


def to_html(document: Document) -> str:
    """The page; every value is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    def svg(drawing: object) -> Markup:
        return Markup(to_svg(drawing))  # type: ignore[arg-type]  # noqa: S704 - its texts are escaped there

    return environment.get_template("report.html").render(doc=document, svg=svg, roles=list(COLOURS))
