"""The columns that tables are made of, and what names constraints have."""

import sqlalchemy as sa

from hanza.store.database import Instant

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def an_id() -> "sa.Column[str]":
    return sa.Column("id", sa.Text, primary_key=True)


def a_ref(name: str, table: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def a_text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def a_count(name: str, default: int | None = None) -> "sa.Column[int]":
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=server_default)


def an_instant(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, Instant, nullable=nullable)


def a_json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON(none_as_null=True))


def a_flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def a_limit(name: str) -> "sa.Column[int | None]":
    """A count that may be without limit."""
    return sa.Column(name, sa.BigInteger, nullable=True)
