"""How Alembic runs the migrations of this folder: on the connection that `database.migrate` opened."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
context.run_migrations()
