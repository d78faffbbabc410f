"""Alembic's entry: all steps in one transaction, on the connection `store.migrate` hands in."""

from alembic import context

from hanza.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_server_default=False,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
