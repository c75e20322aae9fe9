"""The queue against a model of it: in whatever order, each job ends once, and old tokens are worth nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from postgres import Cluster

from luokuan.store import claims, jobs
from luokuan.store.claims import Claim, Stale
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.jobs import Order
from luokuan.store.tables import job, job_event

ERROR = {"what": "It broke.", "do": "Mend it.", "code": "test.broken"}
TRIES = 3


@dataclass
class Expected:
    """What the model knows of a job."""

    state: str = "queued"
    fence: int = 0
    attempts: int = 0
    asked: bool = False
    lapsed: bool = False


class Queue(RuleBasedStateMachine):
    tokens: Any = Bundle("tokens")
    url: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = open_database(Home(Path(self.folder.name)), self.url)
        self.model: dict[str, Expected] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def hold(self, token: Claim, action: Callable[[sa.Connection], object]) -> bool:
        """Do it; whether it was allowed, which must be what the model says."""
        expected = self.model[token.id]
        held = expected.state == "running" and expected.fence == token.fence
        try:
            with self.database.write() as connection:
                action(connection)
        except Stale:
            assert not held
            return False
        assert held
        return True

    def end(self, token: Claim, state: str) -> None:
        found = self.model[token.id]
        found.state = "cancelled" if found.asked and state != "done" else state
        found.lapsed = False

    @rule(owner=st.sampled_from("abc"), priority=st.integers(0, 1))
    def submit(self, owner: str, priority: int) -> None:
        with self.database.write() as connection:
            found = jobs.insert(connection, Order(owner, "create.image", {}, tries=TRIES, priority=priority))
        self.model[found.id] = Expected()

    @rule(target=tokens, lapsed=st.booleans())
    def claim(self, lapsed: bool) -> Any:
        from hypothesis.stateful import multiple

        with self.database.write() as connection:
            # Back-off is of no interest here.
            connection.execute(job.update().values(run_after=sa.text("'2000-01-01 00:00:00.000000'")))
            found = claims.claim(connection, "w", lease=-1 if lapsed else 3600)
        waiting = [one for one in self.model.values() if one.state == "queued"]
        assert (found is not None) == bool(waiting)
        if found is None:
            return multiple()
        expected = self.model[found.id]
        assert expected.state == "queued"
        expected.state, expected.lapsed = "running", lapsed
        expected.fence += 1
        expected.attempts += 1
        assert (found.fence, found.attempts) == (expected.fence, expected.attempts)
        return Claim.of(found)

    @rule(token=tokens)
    def renew(self, token: Claim) -> None:
        if self.hold(token, lambda c: claims.renew(c, token, lease=3600, spent=1.0)):
            self.model[token.id].lapsed = False

    @rule(token=tokens, piece=st.text(max_size=5))
    def tell(self, token: Claim, piece: str) -> None:
        self.hold(token, lambda c: claims.tell(c, token, "text", {"text": piece}))

    @rule(token=tokens)
    def complete(self, token: Claim) -> None:
        if self.hold(token, lambda c: claims.complete(c, token, {})):
            self.end(token, "done")

    @rule(token=tokens, again=st.booleans())
    def fail(self, token: Claim, again: bool) -> None:
        if self.hold(token, lambda c: claims.fail(c, token, ERROR, again=again)):
            self.end(token, "queued" if again and self.model[token.id].attempts < TRIES else "failed")

    @rule(token=consumes(tokens))
    def release(self, token: Claim) -> None:
        if self.hold(token, lambda c: claims.release(c, token)):
            if not self.model[token.id].asked:
                self.model[token.id].attempts -= 1
            self.end(token, "queued")

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.model:
            return
        job_id = data.draw(st.sampled_from(sorted(self.model)))
        with self.database.write() as connection:
            jobs.cancel(connection, job_id)
        found = self.model[job_id]
        if found.state == "queued":
            found.state = "cancelled"
        elif found.state == "running":
            found.asked = True

    @rule()
    def sweep(self) -> None:
        with self.database.write() as connection:
            count = claims.sweep(connection)
        lapsed = [one for one in self.model.values() if one.state == "running" and one.lapsed]
        assert count == len(lapsed)
        for one in lapsed:
            one.state = "cancelled" if one.asked else "queued" if one.attempts < TRIES else "failed"
            one.lapsed = False

    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        with self.database.read() as connection:
            for row in connection.execute(sa.select(job)).mappings():
                expected = self.model[row["id"]]
                assert (row["state"], row["fence"], row["attempts"]) == (
                    expected.state, expected.fence, expected.attempts,
                )  # fmt: skip
                noted = connection.execute(
                    sa.select(job_event.c.number, job_event.c.data)
                    .where(job_event.c.job_id == row["id"])
                    .order_by(job_event.c.number)
                ).all()
                assert [number for number, _data in noted] == list(range(1, row["events"] + 1))
                ends = [d["state"] for _n, d in noted if d.get("state") in ("done", "failed", "cancelled")]
                assert ends == ([expected.state] if expected.state in ("done", "failed", "cancelled") else [])


def check(machine: type[Queue], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_on_sqlite() -> None:
    check(Queue, 12)


def test_on_postgresql(postgres: Cluster) -> None:
    class OnPostgres(Queue):
        def __init__(self) -> None:
            self._one = postgres.database()
            type(self).url = self._one.__enter__()
            super().__init__()

        def teardown(self) -> None:
            super().teardown()
            self._one.__exit__(None, None, None)

    check(OnPostgres, 5)
