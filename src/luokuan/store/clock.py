"""The time as the database has it: leases and waits are compared by one clock, whatever the machines' clocks say."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from luokuan.store.columns import UtcTime


class DatabaseTime(FunctionElement[Any]):
    """Now, by the database's clock, and ``seconds`` more: naive UTC, as the columns keep it."""

    name = "database_time"
    type = UtcTime()
    inherit_cache = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(sa.literal(float(seconds), sa.Float))


@compiles(DatabaseTime, "sqlite")
def _sqlite(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    # Six digits after the point, as SQLAlchemy writes them, so that texts compare as times do.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(DatabaseTime, "postgresql")
def _postgresql(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    # clock_timestamp() goes on inside a transaction; now() would stand still.
    seconds = compiler.process(element.clauses, **options)
    return f"(timezone('utc', clock_timestamp()) + make_interval(secs => {seconds}))"
