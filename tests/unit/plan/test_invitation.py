import pytest

from hanza.plan.invitation import STRANGER, Standing, outcome_of, withdrawal_of

OPEN = Standing(has_agent=False, had_agent=False, has_open_token=True, has_closed_token=False)
CLOSED = Standing(has_agent=False, had_agent=False, has_open_token=False, has_closed_token=True)
JOINED = Standing(has_agent=True, had_agent=True, has_open_token=True, has_closed_token=True)
REVOKED = Standing(has_agent=False, had_agent=True, has_open_token=False, has_closed_token=True)


@pytest.mark.parametrize(
    ("standing", "once", "renewed"),
    [
        (STRANGER, "invited", "invited"),
        (OPEN, "waiting", "renewed"),
        (CLOSED, "lapsed", "renewed"),
        (REVOKED, "lapsed", "renewed"),
        (JOINED, "joined", "joined"),
    ],
)
def test_a_second_token_is_given_by_name_only_and_never_to_who_has_joined(
    standing: Standing, once: str, renewed: str
) -> None:
    assert outcome_of(standing, renew=False) == once
    assert outcome_of(standing, renew=True) == renewed


def test_taking_back_removes_only_where_nobody_ever_joined() -> None:
    assert withdrawal_of(None) == "unknown"
    assert withdrawal_of(OPEN) == "removed"
    assert withdrawal_of(REVOKED) == "revoked"
    assert withdrawal_of(JOINED) == "joined"
