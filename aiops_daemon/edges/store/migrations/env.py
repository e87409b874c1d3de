"""What alembic runs to migrate: on the connection and in the transaction of migrate.py, never on its own.

Enters: alembic's context. Leaves: the steps, run. Reads no ini file and no environment.
"""

from __future__ import annotations

from alembic import context

from aiops_daemon.edges.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
