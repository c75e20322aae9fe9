"""A studio that runs, with its worker: from a form to a finished work."""

from __future__ import annotations

import re
import time

from people import Browser, Place
from priors_for_tests import save_prior


def test_a_form_becomes_a_work(place: Place) -> None:
    save_prior(place.home.models)
    place.account("ada")
    with Browser(place.app).client as client:  # as a context: the lifespan is on
        browser = Browser(place.app)
        browser.client = client
        browser.login("ada")
        page = browser.get("/create/image").text
        assert 'value="tiny-prior"' in page
        form = {"model": "tiny-prior", "class_name": "cat", "count": "1", "seed": "3", "key": "k"}
        where = browser.post("/create/image", form).headers["location"]
        job_id = re.search(r"job=(\w+)", where)[1]  # type: ignore[index]
        told, until = "", time.monotonic() + 150
        while "event: end" not in told and time.monotonic() < until:
            told += browser.get(f"/jobs/{job_id}/events").text  # a stream ends after a while, and is asked for again
        assert "event: end" in told and "card result" in told
        page = browser.get(where).text
        work = re.search(r'id="work-([0-9a-f]{16})"', page)
        assert work is not None and "Variations" in page
        assert browser.get(f"/works/{work[1]}/file").headers["content-type"] == "image/png"
        again = browser.get(f"/create/image?again={work[1]}").text
        assert 'value="cat"' in again and 'value="3"' in again
