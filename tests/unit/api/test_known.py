"""What a plane remembers of one user: where an answer is worked out."""

import asyncio
import threading

import pytest

from hanza.api.known import LOOKED_AT_IN_PASSING, Answers
from hanza.model.access import Ask, Permission, Scope
from hanza.plan.access import Rights

WEB = Ask("seca.compute/v1", "instances/web", "get", "acme", "eu", "shop")


class Watched(Rights):
    """Rights that know where they were asked."""

    asked: list[int]

    def allows(self, ask: Ask) -> bool:
        self.asked.append(threading.get_ident())
        return super().allows(ask)


@pytest.mark.parametrize(("patterns", "is_beside"), [(1, False), (LOOKED_AT_IN_PASSING, True)])
def test_rights_that_take_long_hold_up_nobody_else(patterns: int, is_beside: bool) -> None:
    rights = Watched([((Scope(),), (Permission("*", ("images/*",) * patterns, ("get",)),))])
    rights.asked = []
    answers = Answers(rights)
    for _ in range(2):
        assert not asyncio.run(answers.allow(WEB))
    (thread,) = rights.asked
    assert (thread != threading.get_ident()) == is_beside
