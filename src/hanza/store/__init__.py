"""Everything that is remembered, and the only importer of SQLAlchemy.

A transaction is a plain function that takes `tx` first; `Store.write` queues it to the one
writer, `Store.read` runs it on a snapshot.  The same functions serve SQLite and PostgreSQL:
where the two differ is said in `database` and nowhere else.
"""
