"""The stores of a chain, from a spreadsheet: CSV in UTF-8, one site a line under a header.

    name           needed; 1 to 63 of a-z, 0-9 and inner hyphens
    city           found among the packaged cities, unless latitude and longitude are given too
    latitude, longitude (lat, lon)     degrees; then the country is needed, the city is not
    country        ISO 3166 code; the law it stands under; the city's when it is left out
    class          such as store
    attribute.NAME what is known of the site; several values with | between them

The delimiter is `,` or `;`, as the header has it; a byte order mark is no harm.  Promises: every
wrong cell is found in one reading and named by line and column; what a spreadsheet or a terminal
would run (formulas, control characters) is refused, and so is whatever is too large.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hanza.kit.text import harmless
from hanza.model.errors import Invalid
from hanza.model.policy import Point
from hanza.plan.admission import (
    check_attribute,
    check_country,
    check_name,
    check_place,
    check_title,
    check_value,
    check_word,
)
from hanza.plan.nearness import distance_km
from hanza.wire.federation_v1 import AttributesDoc
from hanza.wire.invitations_v1 import SITES_MAX, InvitedSite
from hanza.wire.places import Cities

BYTES_MAX = 2**20
CELL_CHARACTERS_MAX = 200
SHOWN_MAX = 20
NEAR_KM = 50.0
ATTRIBUTE = "attribute."
ALIASES = {"lat": "latitude", "lon": "longitude", "lng": "longitude", "site": "name"}
COLUMNS = ("name", "city", "country", "latitude", "longitude", "class")
NUMBERS = ("latitude", "longitude")
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,12})?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "|", "%")


@dataclass(frozen=True, slots=True)
class Row:
    """One site, and the line of the file that it comes from, counted from 1."""

    line: int
    site: InvitedSite


@dataclass(frozen=True, slots=True)
class _Wrong:
    line: int
    column: str
    text: str

    @property
    def words(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.text}"


class _Cells:
    """One line's cells by their columns, and what is found to be wrong with them."""

    def __init__(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        self.line = line
        self.wrong: list[_Wrong] = []
        self._cells = dict(zip(columns, cells, strict=True))
        self._place = {name: number for number, name in enumerate(columns, start=1)}
        for column in columns:
            self.read(column, _refuse_hostile)

    def get(self, column: str) -> str:
        return unicodedata.normalize("NFC", self._cells.get(column, "").strip(" "))

    def note(self, column: str, error: Invalid) -> None:
        where = f"{self._place[column]} ({column})" if column in self._place else column
        hint = f" ({error.hint})" if error.hint else ""
        self.wrong.append(_Wrong(self.line, where, error.text + hint))

    def read(self, column: str, check: Callable[[str, str], object]) -> None:
        try:
            check(self.get(column), column)
        except Invalid as error:
            self.note(column, error)


def sites_from_csv(content: bytes, file: str, cities: Cities) -> list[Row]:
    """Every site of the file.  Raises `Invalid` with each wrong cell, and then gives nothing."""
    lines = _lines(_text_of(content, file), file)
    header = next(lines, None)
    if header is None:
        raise Invalid("the file is empty", field=file)
    columns = _columns(header[1], file)
    rows: list[Row] = []
    wrong: list[_Wrong] = []
    first: dict[str, int] = {}
    for line, cells in lines:
        row, found = _row(line, columns, cells, cities)
        name = row.site.name if row else ""
        if row is not None and first.setdefault(name, line) != line:
            found = [_Wrong(line, "name", f"{name} is named on line {first[name]} too")]
        wrong += found
        rows += [row] if row is not None else []
        if len(rows) > SITES_MAX:
            raise Invalid(f"more than {SITES_MAX} sites", field=file, hint="split the file")
    if wrong:
        raise _refusal(wrong, file)
    if not rows:
        raise Invalid("there is a header and no site", field=file)
    return rows


def _refusal(wrong: Sequence[_Wrong], file: str) -> Invalid:
    told = [one.words for one in wrong[:SHOWN_MAX]]
    more = len(wrong) - len(told)
    told += [f"and {more} more"] if more else []
    count = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
    return Invalid(f"{count} wrong, and nothing was done:\n  " + "\n  ".join(told), field=file)


def _text_of(content: bytes, file: str) -> str:
    if len(content) > BYTES_MAX:
        raise Invalid(f"the file has more than {BYTES_MAX} bytes", field=file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"line {line} is not UTF-8", field=file, hint="save it as CSV in UTF-8"
        ) from error


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that says something, and its cells."""
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield line, cells
    except csv.Error as error:
        raise Invalid(
            f"line {before + 1} is not CSV: its quotes do not add up", field=file
        ) from error


def _columns(cells: Sequence[str], file: str) -> list[str]:
    columns = [_column(number, cell, file) for number, cell in enumerate(cells, start=1)]
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise Invalid(f"the column {min(twice)} is there twice", field=file)
    has_place = {"latitude", "longitude"} <= set(columns)
    if "name" not in columns or not ("city" in columns or has_place):
        raise Invalid(
            "the header needs name, and city or latitude and longitude",
            field=file,
            hint=f"it may have {', '.join(COLUMNS)} and {ATTRIBUTE}NAME",
        )
    return columns


def _column(number: int, cell: str, file: str) -> str:
    column = cell.strip(" ").lower()
    column = ALIASES.get(column, column)
    if column in COLUMNS:
        return column
    if column.startswith(ATTRIBUTE):
        check_attribute(column.removeprefix(ATTRIBUTE), f"{file} line 1, column {number}")
        return column
    raise Invalid(
        f"line 1, column {number}: there is no column {harmless(cell)[:40]!r}",
        field=file,
        hint=f"it may have {', '.join(COLUMNS)} and {ATTRIBUTE}NAME",
    )


def _row(
    line: int, columns: Sequence[str], texts: Sequence[str], cities: Cities
) -> tuple[Row | None, list[_Wrong]]:
    if len(texts) != len(columns):
        text = f"it has {len(texts)} cells, and the header has {len(columns)}"
        return None, [_Wrong(line, "", text)]
    cells = _Cells(line, columns, texts)
    if cells.wrong:
        return None, cells.wrong
    cells.read("name", check_name)
    if cells.get("class"):
        cells.read("class", check_word)
    if cells.get("country"):
        cells.read("country", check_country)
    attributes = _attributes(cells, columns)
    point = None if cells.wrong else _point(cells, cities)
    if cells.wrong or point is None:
        return None, cells.wrong
    city, _, country = point.name.rpartition(", ")
    site = InvitedSite(
        name=cells.get("name"),
        country=country,
        city=city,
        latitude=point.latitude,
        longitude=point.longitude,
        site_class=cells.get("class") or None,
        attributes=attributes,
    )
    return Row(line, site), []


def _refuse_hostile(cell: str, column: str) -> None:
    if len(cell) > CELL_CHARACTERS_MAX:
        raise Invalid(f"more than {CELL_CHARACTERS_MAX} characters")
    if harmless(cell) != cell or not cell.isprintable():
        raise Invalid("it has characters that do not print")
    if cell.startswith(_FORMULA) and not (column in NUMBERS and _DEGREES.fullmatch(cell)):
        raise Invalid("it begins as a formula does, and a spreadsheet would run it")


def _attributes(cells: _Cells, columns: Sequence[str]) -> AttributesDoc:
    found: AttributesDoc = {}
    for column in columns:
        if not column.startswith(ATTRIBUTE) or not cells.get(column):
            continue
        values = [value.strip() for value in cells.get(column).split("|")]
        for value in values:
            try:
                check_value(value, column)
            except Invalid as error:
                cells.note(column, error)
        found[column.removeprefix(ATTRIBUTE)] = values[0] if len(values) == 1 else list(values)
    return found


def _point(cells: _Cells, cities: Cities) -> Point | None:
    """Where it stands, under its city's and country's names; None when that is wrong."""
    given = [bool(cells.get(name)) for name in NUMBERS]
    if any(given):
        return _given_point(cells, cities)
    try:
        return _city(cells.get("city"), cells.get("country"), cities)
    except Invalid as error:
        cells.note("city", error)
        return None


def _city(city: str, country: str, cities: Cities) -> Point:
    if not city:
        raise Invalid("say a city, or latitude and longitude")
    return cities.find(f"{city}, {country}" if country else city, "city")


def _given_point(cells: _Cells, cities: Cities) -> Point | None:
    for name in NUMBERS:
        cells.read(name, _refuse_no_degrees)
    if not cells.get("country"):
        cells.note("country", Invalid("where coordinates are given, the country is to be said"))
    if cells.wrong:
        return None
    latitude, longitude = (float(cells.get(name)) for name in NUMBERS)
    try:
        check_place(latitude, longitude)
    except Invalid as error:
        cells.note(error.field or "latitude", error)
        return None
    city = cells.get("city")
    if city:
        cells.read("city", check_title)
    near = city or _nearest(cells, latitude, longitude, cities.points)
    country = cells.get("country")
    return None if cells.wrong else Point(f"{near}, {country}", latitude, longitude)


def _refuse_no_degrees(cell: str, field: str) -> None:
    if not _DEGREES.fullmatch(cell):
        raise Invalid(f"{cell[:40]!r} is not degrees such as 46.05", field=field)


def _nearest(cells: _Cells, latitude: float, longitude: float, points: Mapping[str, Point]) -> str:
    """The name of a city nearby, for people: the coordinates say where it is."""
    nearest = min(points.values(), key=lambda point: distance_km(latitude, longitude, point))
    if distance_km(latitude, longitude, nearest) > NEAR_KM:
        cells.note("city", Invalid(f"no city is within {NEAR_KM:.0f} km: say what it is called"))
    return nearest.name.rpartition(", ")[0]
