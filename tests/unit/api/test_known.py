"""What a plane remembers of one user: where an answer is worked out."""

import asyncio
import threading
from pathlib import Path

import pytest

from hanza.api.known import LOOKED_AT_IN_PASSING, Known
from hanza.model.access import Ask, Permission, Scope, TenantAccess
from hanza.plan.access import Rights
from kit.leagues import a_league

WEB = Ask("seca.compute/v1", "instances/web", "get", "acme", "eu", "shop")


class Watched(Rights):
    """Rights that know where they were asked."""

    asked: list[int]

    def allows(self, ask: Ask) -> bool:
        self.asked.append(threading.get_ident())
        return super().allows(ask)


class KnownOfOne(Known):
    """Knows the rights of one user."""

    rights: Rights

    def _rights_of(self, subject: str, access: TenantAccess) -> Rights:  # noqa: ARG002
        return self.rights


@pytest.mark.parametrize(("patterns", "is_beside"), [(1, False), (LOOKED_AT_IN_PASSING, True)])
def test_rights_that_take_long_hold_up_nobody_else(
    patterns: int, is_beside: bool, tmp_path: Path
) -> None:
    rights = Watched([((Scope(),), (Permission("*", ("images/*",) * patterns, ("get",)),))])
    rights.asked = []
    with a_league(tmp_path) as league:
        known = KnownOfOne(league.plane.store, league.plane.issuer)
        known.rights = rights
        for _ in range(2):
            assert not asyncio.run(known.allows(TenantAccess("acme"), "ana", WEB))
    (thread,) = rights.asked
    assert (thread != threading.get_ident()) == is_beside
