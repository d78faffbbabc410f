"""Several changes at once, for what no single one helps: all that the nearest misses lack.

Asked only where no host may run it and no single change would let one.  Each of the nearest, one of
a site, is gone through rule by rule, and whoever asks tries what comes out.  Pure.
"""

from collections.abc import Callable, Iterable, Sequence

from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.relax import Relaxation, changes_of
from hanza.plan.placement.rules import compile_rules, find_lacks

CHANGES_MAX = 3
"""More than that is another wish."""
SITES_TRIED, SHOWN = 8, 3
Try = Callable[[str, str, Demand], Relaxation]
"""Of a rule, the words and the demand as it would be: what that opens."""


def relaxations_together(
    demand: Demand, nearest: Iterable[Candidate], tried: Try
) -> tuple[Relaxation, ...]:
    """Those first that open most; `nearest` are one host of each site."""
    found: dict[str, Relaxation] = {}
    for one in nearest:
        steps = _steps_to(demand, one)
        if steps is None:
            continue
        rule, texts, relaxed = steps
        text = " and ".join(texts)
        if text not in found:
            found[text] = tried(rule, text, relaxed)
    opened = [one for one in found.values() if one.hosts]
    return tuple(sorted(opened, key=lambda one: (-one.hosts, one.text))[:SHOWN])


def nearest_of(
    candidates: Sequence[Candidate], lacking: Callable[[Candidate], int]
) -> list[Candidate]:
    """Of those that lack the fewest things the first of each site, by host id."""
    least = min((lacking(one) for one in candidates), default=0)
    first: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda one: one.host):
        if lacking(one) == least:
            first.setdefault(one.ground.site, one)
    return list(first.values())[:SITES_TRIED]


def _steps_to(demand: Demand, one: Candidate) -> tuple[str, list[str], Demand] | None:
    """All that lets this host run it: the first rule, the words, the demand; None where a rule
    cannot be asked for less, or too many would have to be."""
    rule, texts = "", list[str]()
    for _ in range(CHANGES_MAX + 1):
        lacks = find_lacks(compile_rules(demand), [one])[one.host]
        if not lacks:
            return rule, texts, demand
        change = next(iter(changes_of(demand, lacks[0].rule, lacks[0].key, [one])), None)
        if change is None:
            return None
        rule, demand = rule or lacks[0].rule, change[1]
        texts.append(change[0])
    return None
