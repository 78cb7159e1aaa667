"""Alembic's environment: it runs inside a connection that the service opened."""

from alembic import context

from rca.store.migrate import include_object
from rca.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    include_object=include_object,
    transaction_per_migration=False,
)
context.run_migrations()
