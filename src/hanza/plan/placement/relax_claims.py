"""How less is asked of an attribute, for grounds that miss a requirement of it.

No more is given up than one of them needs.  Pure; that it places what it says `relax` tries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hanza.model.policy import Requirement
from hanza.plan.placement.candidate import Ground
from hanza.plan.placement.claims import known_of

CHOICES_MAX = 8
"""Grounds may each have values of their own: so many are named, by the alphabet."""
_WORDS = {"provider.certifications": "certificate", "site.capabilities": "capability"}

Lesser = tuple[str, Requirement | None]
"""In words, and what is asked for then; nothing at all where it is None."""


def lesser_of(asked: Requirement, grounds: Sequence[Ground]) -> Iterable[Lesser]:
    """Of several values that are all asked for, those are left out that a ground lacks; where any
    would do, one that it has is let pass too; where nothing is known there, nothing is asked."""
    known = {known_of(one, asked) for one in grounds}
    if asked.how == "all":
        lacking = {frozenset(asked.values - one) for one in known}
        return [_without(asked, one) for one in _first(lacking)]
    found = {one for one in known if one}
    if asked.how == "any":
        found = {frozenset({value}) for one in found for value in one}
    return [
        *(_with(asked, one) for one in _first(found)),
        *([_without(asked, asked.values)] if frozenset() in known else []),
    ]


def _without(asked: Requirement, values: frozenset[str]) -> Lesser:
    named = " and ".join(sorted(values))
    word = _WORDS.get(asked.key)
    text = f"without {named} of {asked.key}" if word is None else f"without {word} {named}"
    if asked.how != "all":
        text = f"do not ask for {asked.key}"
    left = asked.values - values
    return text, replace(asked, values=left) if left else None


def _with(asked: Requirement, values: frozenset[str]) -> Lesser:
    named = " and ".join(sorted(values - asked.values))
    return f"let {asked.key} be {named} too", replace(asked, values=asked.values | values)


def _first(sets: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Those that give up the least first."""
    return sorted(sets, key=lambda one: (len(one), sorted(one)))[:CHOICES_MAX]
