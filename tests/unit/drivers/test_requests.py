"""Room on a host: what fits, and what may be done where nothing fits any more."""

from hanza.drivers.requests import has_room
from hanza.model.capacity import NOTHING, Capacity

HOST = Capacity(4, 1000, 100)


def test_what_fits_exactly_has_room() -> None:
    assert has_room(HOST, NOTHING, HOST)


def test_what_is_too_large_in_one_dimension_has_none() -> None:
    assert not has_room(HOST, Capacity(4, 0, 0), Capacity(1, 0, 0))


def test_an_over_full_host_may_be_made_less_full() -> None:
    assert has_room(HOST, Capacity(9, 9, 999), Capacity(-1, 10, 0))
