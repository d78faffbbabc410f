"""Statements that run for every request: their text is made once, and the driver runs it.

SQLAlchemy builds and compiles them, so that they are written like all others and are right for
both kinds of database; what it does around each execution costs ten times what SQLite then takes,
so that is left out.  Promises: the same transaction, the same types, the same errors as
`tx.execute`.  Values are given by the names of the statement's parameters.

For what runs often.  Whatever runs seldom is better off with `tx.execute`.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy import exc

from hanza.store.direct import NUMBERED, Answer, Direct

Values: TypeAlias = Mapping[str, Any]
Convert: TypeAlias = Callable[[Any], Any] | None
Row: TypeAlias = Any
"""With the columns' names as attributes."""


def inserting(table: sa.Table, *names: str) -> sa.Insert:
    """A row with these columns, each a parameter of the same name."""
    return sa.insert(table).values({name: sa.bindparam(name) for name in names})


def changing(table: sa.Table, *names: str) -> sa.Update:
    """These columns, each a parameter of the same name; which rows is still to be said."""
    return sa.update(table).values({name: sa.bindparam(name) for name in names})


_CURSOR = "hanza.cursor"
AMONG_MAX = 256
"""Values of a query that has its own statement; for more, one is made each time."""
_NAMES = tuple(f"one_of_{k}" for k in range(AMONG_MAX))


class Cursor(Protocol):
    """What we use of a driver's cursor (PEP 249)."""

    rowcount: int

    def execute(self, text: str, values: Any) -> Any: ...
    def fetchall(self) -> list[Sequence[Any]]: ...


class Prepared:
    """One statement, for every connection there is."""

    def __init__(self, statement: sa.ClauseElement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def run(self, tx: sa.Connection, values: Values) -> int:
        """How many rows it changed."""
        return self._form(tx).execute(tx, values).rowcount

    def all(self, tx: sa.Connection, values: Values) -> list[Row]:
        form = self._form(tx)
        return form.rows(form.execute(tx, values).fetchall())

    def first(self, tx: sa.Connection, values: Values) -> Row | None:
        """The one row that there is, if any: for what is found by a key."""
        found = self.all(tx, values)
        assert len(found) < 2, "asked for by a key"
        return found[0] if found else None

    def _form(self, tx: sa.Connection) -> "_Form":
        name = tx.dialect.name
        form = self._forms.get(name)
        if form is None:
            form = self._forms[name] = _Form(self._statement, tx.dialect)
        return form


class Among:
    """A statement about the rows whose column is one of some values, of which there are few.

    There is one for each power of two, in which the last value stands for those that are missing:
    what SQLAlchemy does to expand a list costs more than the query.
    """

    def __init__(
        self, statement: "sa.Select[Any] | sa.Update", column: "sa.ColumnElement[Any]"
    ) -> None:
        self._statement = statement
        self._column = column
        self._sized: dict[int, Prepared] = {}

    def among(self, tx: sa.Connection, values: Collection[Any]) -> Sequence[Row]:
        """What a query finds."""
        if not values:
            return []
        if len(values) > AMONG_MAX:
            some: sa.BindParameter[Any] = sa.bindparam("some", list(values), expanding=True)
            return tx.execute(self._statement.where(self._column.in_(some))).all()
        names, given = _named_by_size(values)
        return self._of(names).all(tx, given)

    def run(self, tx: sa.Connection, values: Collection[Any], others: Values) -> None:
        """Have a change change them; `others` are its other parameters."""
        left = list(values)
        while left:
            names, given = _named_by_size(left[:AMONG_MAX])
            self._of(names).run(tx, {**others, **given})
            left = left[AMONG_MAX:]

    def _of(self, names: Sequence[str]) -> Prepared:
        found = self._sized.get(len(names))
        if found is None:
            is_one = self._column.in_([sa.bindparam(name) for name in names])
            found = self._sized[len(names)] = Prepared(self._statement.where(is_one))
        return found


def _named_by_size(values: Collection[Any]) -> tuple[Sequence[str], dict[str, Any]]:
    """Names for as many values as the next power of two, and what each of them is."""
    given = list(values)
    size = 1 << (len(given) - 1).bit_length()
    given += given[-1:] * (size - len(given))
    names = _NAMES[:size]
    return names, dict(zip(names, given, strict=True))


class _Form:
    """The statement as one kind of database takes it."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        is_direct = dialect.name == "postgresql"
        compiled = statement.compile(dialect=NUMBERED if is_direct else dialect)
        assert isinstance(compiled, sa.sql.compiler.SQLCompiler), "a statement of data"
        self._text = compiled.string
        self._order = compiled.positiontup or []
        self._direct = Direct(self._text) if is_direct else None
        binds = {name: bind for name, bind in compiled.binds.items() if name in compiled.params}
        self._said = {name: bind.value for name, bind in binds.items() if not bind.required}
        """Values that are part of the statement."""
        self._binders = {
            name: convert
            for name, bind in binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        columns = _columns_of(statement)
        self._make = _row_of([name for name, _ in columns])
        readers = [_reader(type_, dialect) for _, type_ in columns]
        self._readers = [(at, read) for at, read in enumerate(readers) if read is not None]
        self._error: type[Exception] = dialect.loaded_dbapi.Error

    def execute(self, tx: sa.Connection, values: Values) -> "Cursor | Answer":
        said: dict[str, Any] = {**self._said, **values}
        for name, convert in self._binders.items():
            said[name] = convert(said[name])
        given = [said[name] for name in self._order]
        try:
            if self._direct is not None:
                return self._direct.execute(tx, given)
            cursor = _cursor_of(tx)
            cursor.execute(self._text, given)
        except self._error as error:
            raise _told(tx, self._text, error, self._error) from error
        return cursor

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        if not self._readers:
            return [self._make(one) for one in found]
        rows = []
        for one in found:
            values = list(one)
            for at, read in self._readers:
                values[at] = read(values[at])
            rows.append(self._make(values))
        return rows


def _cursor_of(tx: sa.Connection) -> Cursor:
    """One for each connection of the driver: whatever it finds is fetched before it goes on."""
    kept = tx.info
    cursor: Cursor | None = kept.get(_CURSOR)
    if cursor is None:
        cursor = kept[_CURSOR] = cast(Cursor, tx.connection.cursor())
    return cursor


def _row_of(names: Iterable[str]) -> Callable[[Iterable[Any]], Row]:
    """What makes rows of values; a name that Python keeps for itself becomes a number."""
    kind: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # a statement's names
    return cast(Callable[[Iterable[Any]], Row], kind._make)


def _columns_of(statement: Any) -> list[tuple[str, sa.types.TypeEngine[Any]]]:
    """What it answers with: a query's columns, or those that a change returns."""
    if isinstance(statement, sa.Select):
        return [(column.key or "", column.type) for column in statement.selected_columns]
    returned = getattr(statement, "exported_columns", ())
    return [(column.key, column.type) for column in returned]


def _reader(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert:
    if isinstance(type_, sa.Float):
        return None  # both drivers give floats; SQLAlchemy would look at what was found first
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _told(tx: sa.Connection, text: str, error: Exception, base: type[Exception]) -> BaseException:
    """As SQLAlchemy tells it; a connection that is lost is not used again."""
    is_lost = tx.dialect.is_disconnect(cast(Any, error), tx.connection.dbapi_connection, None)
    told = exc.DBAPIError.instance(
        text,
        None,
        error,
        base,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=tx.dialect,
    )
    if is_lost:
        tx.invalidate(error)
    return told
