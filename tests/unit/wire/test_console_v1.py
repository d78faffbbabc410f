"""Tickets and endings as they travel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import Unauthenticated
from hanza.wire.console_v1 import (
    REASON_BYTES_MAX,
    End,
    authorization_of,
    end_of,
    reason_of,
    ticket_from_header,
    ticket_to_header,
)


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
    assert end == (code if code in {1000, *range(4100, 4108)} else End.lost)


@pytest.mark.parametrize(
    ("offered", "header"),
    [
        (["hanza.console.v1", "hanza.bearer.a.b-c_d"], "Bearer a.b-c_d"),
        (["hanza.console.v1"], None),
        (["hanza.bearer.a", "hanza.bearer.b"], None),
        ([], None),
    ],
)
def test_a_browsers_token_is_among_what_it_offers(offered: list[str], header: str | None) -> None:
    assert authorization_of(offered) == header


@given(st.text(max_size=200))
def test_a_reason_is_cut_between_characters_to_what_a_close_holds(text: str) -> None:
    reason = reason_of("busy", text)
    assert f"busy: {text}".startswith(reason)
    assert len(reason.encode()) <= REASON_BYTES_MAX
    assert len(reason.encode()) > REASON_BYTES_MAX - 4 or reason == f"busy: {text}"
