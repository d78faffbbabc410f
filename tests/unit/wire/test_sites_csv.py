"""The spreadsheet of a chain: what is found in it, and every way in which it is refused."""

from pathlib import Path

import pytest

from hanza.model.errors import Invalid
from hanza.wire.invitations_v1 import SITES_MAX
from hanza.wire.places import load_cities
from hanza.wire.sites_csv import BYTES_MAX, SHOWN_MAX, Row, sites_from_csv

EXAMPLE = Path(__file__).parents[3] / "examples/chain/stores.csv"


def read(text: str | bytes) -> list[Row]:
    content = text if isinstance(text, bytes) else text.encode()
    return sites_from_csv(content, "stores.csv", load_cities())


def refused(text: str | bytes) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        read(text)
    return refusal.value


def test_the_example_is_twenty_stores_across_europe() -> None:
    rows = read(EXAMPLE.read_bytes())
    assert len(rows) == 20
    assert len({row.site.country for row in rows}) >= 10
    assert all(row.site.attributes["tier"] in ("edge", "core") for row in rows)


def test_a_city_is_looked_up_and_gives_the_country() -> None:
    (row,) = read("name,city\nlju-1,ljubljana\n")
    site = row.site
    assert (row.line, site.name, site.city, site.country) == (2, "lju-1", "Ljubljana", "SI")
    assert (round(site.latitude), round(site.longitude)) == (46, 15)
    assert (site.site_class, site.attributes) == (None, {})


def test_coordinates_win_and_a_city_nearby_names_them() -> None:
    near, named = read("name,lat,lon,country,city\na,46.0,14.5,SI,\nb,-8.5,115.2,ID,Ubud\n")
    assert (near.site.city, near.site.latitude, near.site.longitude) == ("Ljubljana", 46.0, 14.5)
    assert (named.site.city, named.site.country, named.site.latitude) == ("Ubud", "ID", -8.5)


def test_as_a_spreadsheet_in_german_writes_it() -> None:
    rows = read("\ufeffName;City;Attribute.Certifications\r\nber-1;Berlin;iso_27001|bsi_c5\r\n\r\n")
    assert rows[0].site.attributes == {"certifications": ["iso_27001", "bsi_c5"]}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%"])
def test_what_a_spreadsheet_would_run_is_refused(start: str) -> None:
    error = refused(f'name,city\nok-1,"{start}cmd"\n')
    assert "line 2, column 2 (city)" in error.text
    assert "formula" in error.text


@pytest.mark.parametrize("cell", ["a\x1b[2Jb", "a\u202eb", "a\x00b", '"a\nb"', "a\tb"])
def test_what_moves_a_cursor_is_refused_and_never_repeated(cell: str) -> None:
    error = refused(f"name,city,class\nok-1,Paris,{cell}\n")
    assert "column 3 (class): it has characters that do not print" in error.text
    assert error.text.isascii()
    assert "\x1b" not in error.text


def test_every_wrong_cell_is_named_by_line_and_column_in_one_go() -> None:
    error = refused(
        "name,city,country,class,attribute.tier\n"
        "Bad Name,Paris,FR,store,edge\n"
        "ok-1,Pariss,FR,store,edge\n"
        "ok-2,Paris,France,Store,edge\n"
        "ok-3,Paris\n"
        "ok-4,Paris,FR,store,edge|\n"
        "ok-5,Paris,SI,store,edge\n"
        "ok-6,,,,\n"
        "ok-7,Paris,,,\n"
        "ok-7,Paris,,,\n"
    )
    lines = error.text.splitlines()
    assert lines[0] == "9 things are wrong, and nothing was done:"
    places = [line.strip().partition(": ")[0] for line in lines[1:]]
    assert places == [
        "line 2, column 1 (name)",
        "line 3, column 2 (city)",
        "line 4, column 4 (class)",
        "line 4, column 3 (country)",
        "line 5",
        "line 6, column 5 (attribute.tier)",
        "line 7, column 2 (city)",
        "line 8, column 2 (city)",
        "line 10, column name",
    ]
    assert error.field == "stores.csv"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("a,91,1,FR", "column 2 (latitude): latitude is from -90 to 90"),
        ("a,1,181,FR", "column 3 (longitude): longitude is from -180"),
        ("a,nan,1,FR", "'nan' is not degrees"),
        ("a,1e1,1,FR", "'1e1' is not degrees"),
        ("a,46.05,,SI", "column 3 (longitude): '' is not degrees"),
        ("a,46.05,14.5,", "the country is to be said"),
        ("a,0,0,GB", "no city is within 50 km"),
    ],
)
def test_coordinates_that_are_none_are_refused(cells: str, words: str) -> None:
    assert words in refused(f"name,latitude,longitude,country\n{cells}\n").text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"name,city\n", "a header and no site"),
        (b"name\nx\n", "the header needs name, and city"),
        (b"name,latitude\n", "the header needs name, and city"),
        (b"name,city,city\n", "the column city is there twice"),
        (b"name,city,foo\x1b[2J\n", "line 1, column 3: there is no column 'foo[2J'"),
        (b"name,city,attribute.=x\n", "is not a word"),
        (b"name,city\nx,Paris\ny,\xff\n", "line 3 is not UTF-8"),
        (b'name,city\n"x,Paris\n', "line 2 is not CSV"),
        (b"name,city\n" + b"x" * BYTES_MAX, f"more than {BYTES_MAX} bytes"),
        (b"name,city\nx," + b"y" * 201 + b"\n", "more than 200 characters"),
        (b"name,city\nx," + b"y" * 200_000 + b"\n", "line 2 is not CSV"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, words: str) -> None:
    assert words in refused(content).text


def test_a_file_is_bounded_and_so_is_what_is_told_of_it() -> None:
    many = "".join(f"s-{n},Paris\n" for n in range(SITES_MAX + 1))
    assert f"more than {SITES_MAX} sites" in refused("name,city\n" + many).text
    wrong = "".join(f"s-{n},Nowhereville\n" for n in range(SHOWN_MAX + 5))
    assert refused("name,city\n" + wrong).text.splitlines()[-1] == "  and 5 more"
