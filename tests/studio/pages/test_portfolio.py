"""Several projects under one budget: only those that one may see, and never half of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from market_for_tests import errands_here
from people import Place
from projects_for_tests import event, tranche, values, write
from typer.testing import CliRunner

from luokuan.cli.app import app
from luokuan.studio import portfolios
from luokuan.studio.api.project_shapes import PortfolioTold

PATH, API = "/appraisal/portfolio", "/api/appraisal/portfolio"


def some() -> list[dict[str, Any]]:
    """Two projects at two places."""
    return [
        values(name="<b>Loom", events=[event("Duty", 5, revenue=-90)]),
        values(name="Mill", layer="technology", stage="research", tranches=[tranche("All", 0, 4000)]),
    ]


def made(place: Place, headers: dict[str, str], found: list[dict[str, Any]]) -> list[str]:
    """Their ids, in their order."""
    client = place.stranger().client
    answers = [client.post("/api/appraisal/projects", json={"text": yaml.safe_dump(one)}, headers=headers)
               for one in found]  # fmt: skip
    return [str(one.json()["id"]) for one in answers]


def test_programs_are_told_what_the_command_line_says(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    errands_here(monkeypatch)
    mine, strange = (place.key(place.account(name), scopes=("market",)) for name in ("ann", "cy"))
    admin = place.key(place.account("chief", "admin"), scopes=("books",))
    client, ids = place.stranger().client, made(place, mine, some())
    asked: dict[str, Any] = {"project": ids, "cvar": 40, "direction": "technology=50", "paths": 500, "seed": 3}
    answer = client.get(API, params=asked, headers=mine)
    found = PortfolioTold.model_validate(answer.json())
    files = [str(write(tmp_path / f"{at}.yaml", one)) for at, one in enumerate(some())]
    limits = ["--cvar", "40", "--direction", "technology=50", "--paths", "500", "--seed", "3", "--json"]
    told = json.loads(CliRunner().invoke(app, ["appraisal", "portfolio", *files, *limits]).stdout)
    assert [one.id for one in found.weights] == ids
    assert {**answer.json(), "weights": [{**one, "id": ""} for one in answer.json()["weights"]]} == {
        **told, "weights": [{"id": "", **one} for one in told["weights"]],
    }  # fmt: skip
    assert found.weights[1].weight <= 0.5 + 1e-9 and found.cvar <= 0.4 + 1e-9
    assert client.get(API, params=asked, headers=admin).json() == answer.json(), "administrators see everybody's"
    assert client.get(API, params=asked, headers=strange).status_code == 404
    for changed, status in (
        ({"project": ids[:1]}, 422), ({"project": [ids[0], ids[0]]}, 400), ({"project": [ids[0], "f" * 16]}, 404),
        ({"project": [ids[0], "x\x00"]}, 404), ({"cvar": -1}, 422), ({"cvar": "nan"}, 422), ({"level": 100}, 422),
        ({"most": 0}, 422), ({"direction": "sky=5"}, 400), ({"direction": "application=x"}, 400),
        ({"paths": 10**6}, 422), ({"project": ids * 11}, 422),
    ):  # fmt: skip
        answer = client.get(API, params={**asked, **changed}, headers=mine)
        assert answer.status_code == status and set(answer.json()["error"]) == {"code", "what", "do"}, changed


def test_the_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    ann = place.account("ann")
    key, browser = place.key(ann, scopes=("market",)), place.stranger().login("ann")
    chief, other, viewer = place.browser("chief", "admin"), place.browser("cy"), place.browser("viv", "viewer")
    assert viewer.get(PATH).status_code == 403
    assert "takes two projects or more" in browser.get(PATH).text
    first, second = made(place, key, some())
    page = browser.get(PATH).text
    assert "&lt;b&gt;Loom" in page and "<b>Loom" not in page and "How the budget is shared" not in page
    assert "Loom" not in other.get(PATH).text and "ann" in chief.get(PATH).text
    query = f"{PATH}?project={first}&project={second}&paths=500&directions=technology%3D50,+application/platform%3D30"
    page = browser.get(query).text
    assert 'value="50" required' in page
    assert "How the budget is shared" in page and "500 paths, seed 0" in page and f'value="{first}" checked' in page
    assert f'href="/appraisal/projects/{second}">Mill</a>' in page and "technology=50, application/platform=30" in page
    assert chief.get(query).status_code == 200 and other.get(query).status_code == 404
    for wrong, status, told in (
        (f"project={first}", 400, "at least two projects"), (f"project={first}&project={second}&directions=x", 400,
                                                            "is no limit of a direction"),
    ):  # fmt: skip
        answer = browser.get(f"{PATH}?{wrong}")
        assert answer.status_code == status and told in answer.text and f'value="{first}" checked' in answer.text
    assert browser.get(f"{PATH}?project=x").status_code == 404 and browser.get(f"{PATH}?cvar=x").status_code == 422
    monkeypatch.setattr(portfolios, "MOST", 1)
    assert "at most 1 projects" in browser.get(query).text


def test_one_currency_and_names_of_their_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    errands_here(monkeypatch)
    key, client = place.key(place.account("ann"), scopes=("market",)), place.stranger().client
    dollars = yaml.safe_load(yaml.safe_dump(values(name="Dollars")).replace("EUR", "USD"))
    for found in ([some()[0], some()[0]], [some()[0], dollars]):
        answer = client.get(API, params={"project": made(place, key, found), "paths": 100}, headers=key)
        assert answer.status_code == 400 and answer.json()["error"]["code"].startswith("appraisal."), answer.text
