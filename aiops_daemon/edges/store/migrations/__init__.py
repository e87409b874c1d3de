"""The steps by which an older store becomes today's; alembic runs them (see migrate.py)."""
