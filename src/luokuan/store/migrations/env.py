"""Alembic's environment: it works on the connection, and inside the transaction, that it is handed."""

from alembic import context

from luokuan.store.tables import metadata

connection = context.config.attributes["connection"]
# The caller's transaction holds the write lock, so that two processes can't run the same step.
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
