"""Tickets and endings as they travel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import Unauthenticated
from hanza.wire.console_v1 import End, end_of, ticket_from_header, ticket_to_header


@given(st.binary(min_size=32, max_size=32))
def test_a_ticket_comes_back(ticket: bytes) -> None:
    assert ticket_from_header(ticket_to_header(ticket)) == ticket


@given(st.none() | st.text(max_size=80) | st.text(max_size=80).map(lambda t: f"Hanza-Ticket {t}"))
def test_what_is_no_ticket_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        ticket_from_header(header)


@given(st.none() | st.integers(0, 65535))
def test_every_close_code_is_an_ending(code: int | None) -> None:
    end = end_of(code)
    assert end == (code if code in {1000, *range(4100, 4107)} else End.lost)
