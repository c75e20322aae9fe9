"""Alembic migrations of the home's database, run at the first opening by ``luokuan.store.database``."""
