"""Explanations as documents: however many losers there are, each can be read."""

from typing import Any

import msgspec

from hanza.cli.placing import ask_for_losers
from hanza.model.policy import Policy
from hanza.plan.coordinates import NOTHING
from hanza.plan.placement.explain import explain
from hanza.wire.explanation_v1 import LOSERS_A_PAGE, LOSERS_SHOWN, explanation_to_doc
from kit.grounds import a_candidate, a_demand, a_ground

HOSTS = LOSERS_SHOWN + LOSERS_A_PAGE + 1


def test_every_loser_can_be_read_with_what_it_lacks_and_the_command_asks_for_all() -> None:
    ground = a_ground()
    policy = Policy(countries=frozenset({"XX"}))
    lost = explain(a_demand(policy), [a_candidate(f"h{n:05}", ground) for n in range(HOSTS)])
    asked = []

    def told(path: str) -> Any:
        asked.append(path)
        start = int(path.partition("=")[2] or 0)
        document = explanation_to_doc(lost, policy, NOTHING, start)
        return {"explanation": msgspec.to_builtins(document)}

    first = told("/placement")["explanation"]
    assert (len(first["losers"]), first["losersNext"]) == (LOSERS_SHOWN, LOSERS_SHOWN)
    ask_for_losers(told, "/placement", first)
    assert asked[1:] == ["/placement?losersFrom=200", "/placement?losersFrom=2200"]
    assert [one["place"]["host"] for one in first["losers"]] == [f"h{n:05}" for n in range(HOSTS)]
    assert {one["lacks"][0]["rule"] for one in first["losers"]} == {"residency"}
    assert first["losersNext"] is None
