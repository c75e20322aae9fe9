"""Archives of models come in as those of corpora do.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of what each archive is: so far all were of corpora."""
    kind = sa.Column("kind", sa.String(8), nullable=False, server_default="corpus")
    with op.batch_alter_table("upload") as table:
        table.add_column(kind)
        table.drop_constraint("uq_upload_name", type_="unique")
        table.create_unique_constraint("uq_upload_kind", ["kind", "name"])
        table.create_check_constraint(op.f("ck_upload_kind"), "kind IN ('corpus', 'model')")
    with op.batch_alter_table("upload") as table:
        table.alter_column("kind", server_default=None)


def downgrade() -> None:
    """Forget the archives of models."""
    op.execute("DELETE FROM upload WHERE kind <> 'corpus'")
    with op.batch_alter_table("upload") as table:
        table.drop_constraint(op.f("ck_upload_kind"), type_="check")
        table.drop_constraint("uq_upload_kind", type_="unique")
        table.drop_column("kind")
        table.create_unique_constraint("uq_upload_name", ["name"])
