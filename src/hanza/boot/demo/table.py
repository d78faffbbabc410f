"""What runs where, as a person reads it.  Pure: rows in, text out."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]

COLUMNS = {
    "name": "guest",
    "law": "law",
    "site": "site",
    "city": "city",
    "provider": "provider",
    "because": "because",
    "runs": "runs",
    "boot": "boot",
    "reach": "page at",
}
SAID = {"name": "guest", "serial": "said on its serial port"}
CELL_CHARACTERS = 120


def cell(row: Row, column: str) -> str:
    value = row.get(column)
    text = "-" if value in (None, "") else str(value)
    printable = "".join(character for character in text if character.isprintable())
    return printable[:CELL_CHARACTERS]


def lines(rows: Sequence[Row], columns: Mapping[str, str] = COLUMNS) -> list[str]:
    """A heading and a line per row, columns lined up, nothing trailing."""
    grid = [list(columns.values()), *([cell(row, name) for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in grid) for at in range(len(columns))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in grid
    ]
