"""Schemathesis against the studio's own OpenAPI document, without a server: valid and invalid requests, of which none
may be answered with a fault of ours."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from people import Place, keep_order, keep_row

from luokuan.studio.access import SCOPES

BASE = "http://localhost"


def ask(place: Place, *, examples: int, seconds: float, derandomize: bool = True) -> Counter[str]:
    """Ask for everything; how often there was which kind of answer, such as ``4xx``, and whether the request was valid.

    Args:
        place: A studio.
        examples: Requests to each operation, valid and invalid ones in turn.
        seconds: After which no more are begun.
        derandomize: The same requests each time.

    Raises:
        AssertionError: an answer was a fault of ours, or has a status that the document doesn't name.
    """
    import schemathesis
    from schemathesis.generation import GenerationMode
    from schemathesis.python.asgi import ASGIClient

    account = place.account("asking", "admin")
    headers = place.key(account, scopes=tuple(SCOPES))
    client = place.stranger().client
    found = client.get("/api/openapi.json", headers=headers).json()
    made = client.post("/api/jobs", json={"kind": "create.image", "brief": {"model": "garments"}}, headers=headers)
    known = {"job_id": made.json()["id"], "work_id": keep_row(place.database, account).id}
    known |= keep_order(place.database, place.account("selling"), account)
    place.app.state.studio.queue.cancel(known["job_id"])  # it has ended: its events do too
    schema = schemathesis.openapi.from_dict(found)
    schema.app = place.app
    session = ASGIClient(place.app, BASE)  # not entered: no workers
    session.headers.update(headers)
    until, counts = time.monotonic() + seconds, Counter[str]()

    def try_it(mode: str, case: Any) -> None:
        if time.monotonic() > until:
            return
        answer = case.call(base_url=BASE, session=session, timeout=30)
        counts[f"{mode} {answer.status_code // 100}xx"] += 1
        told = f"{case.method} {answer.request.url} {answer.request.body!r}: {answer.status_code} {answer.text}"
        assert answer.status_code < 500, told
        assert str(answer.status_code) in case.operation.definition.raw["responses"], told

    for result in schema.get_all_operations():
        if time.monotonic() > until:
            break
        operation = result.ok()
        named = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategies = [operation.as_strategy(mode)]
            if named:
                strategies.append(operation.as_strategy(mode, path_parameters=named))

            settings(
                max_examples=max(examples // 2, 1), deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck), derandomize=derandomize,
            )(given(st.just(mode.name.lower()), st.one_of(*strategies))(try_it))()  # fmt: skip
    return counts
