"""What was found, for people, for programs and for build servers; the contradictions in a table."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from hanza_conformance.runner import Result, Wanted
from hanza_conformance.steps import Policy

NOTE = "Graded by our own reading of SECA v1.7; this is not the official conformance tool."
POLICIES: tuple[Policy, Policy] = ("deferred", "strict")


def summary_of(results: Sequence[Result]) -> dict[str, int]:
    found = Counter(one.outcome for one in results)
    return {
        "checks": len(results),
        "passed": found["passed"],
        "failed": found["failed"],
        "blocked": found["blocked"],
        "otherPolicy": found["other-policy"],
    }


def pairs_of(results: Sequence[Result]) -> list[dict[str, Any]]:
    """For each contradiction, the checks of either side and what became of them."""
    names = sorted({one.side.pair for one in results if one.side})
    return [
        {"pair": pair, **{policy: _side(results, pair, policy) for policy in POLICIES}}
        for pair in names
    ]


def _side(results: Sequence[Result], pair: str, policy: Policy) -> list[dict[str, str]]:
    return [
        {"id": one.id, "outcome": one.outcome}
        for one in results
        if one.side and one.side.pair == pair and one.side.policy == policy
    ]


def as_json(results: Sequence[Result], policy: Wanted) -> str:
    document = {
        "note": NOTE,
        "policy": policy,
        "summary": summary_of(results),
        "contradictions": pairs_of(results),
        "checks": [_check(one) for one in results],
    }
    return json.dumps(document, indent=2)


def _check(one: Result) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": one.id,
        "rule": one.rule,
        "outcome": one.outcome,
        "seconds": round(one.seconds, 3),
    }
    if one.outcome != "passed":
        found |= {"expected": one.expected, "got": one.got}
        if one.exchange is not None:
            found |= {"request": one.exchange.request_words, "answer": one.exchange.answer_words}
    return found


def as_junit(results: Sequence[Result]) -> str:
    root = ElementTree.Element("testsuites", name="hanza-conformance")
    suites: dict[str, ElementTree.Element] = {}
    for one in results:
        scenario, _, step = one.id.partition("/")
        if scenario not in suites:
            suites[scenario] = ElementTree.SubElement(root, "testsuite", name=scenario)
        case = ElementTree.SubElement(
            suites[scenario], "testcase", classname=scenario, name=step, time=f"{one.seconds:.3f}"
        )
        if one.is_bad:
            failure = ElementTree.SubElement(case, "failure", message=f"got {one.got}"[:500])
            failure.text = _clean("\n".join(details(one)))
        elif one.outcome == "other-policy":
            ElementTree.SubElement(case, "skipped", message="passes under the other policy only")
    for name, suite in suites.items():
        mine = [one for one in results if one.id.startswith(f"{name}/")]
        suite.set("tests", str(len(mine)))
        suite.set("failures", str(sum(one.is_bad for one in mine)))
        suite.set("skipped", str(sum(one.outcome == "other-policy" for one in mine)))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _clean(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


def details(one: Result) -> list[str]:
    """A failure in lines: what was asked, what should have come, what came."""
    lines = [f"{one.outcome:<12} {one.id}  [{one.rule}]"]
    if one.expected:
        lines.append(f"  expected  {one.expected}")
    lines.append(f"  got       {one.got}")
    if one.exchange is not None:
        lines.append(f"  request   {one.exchange.request_words}")
        lines.append(f"  answer    {one.exchange.answer_words}")
    return lines


def as_text(results: Sequence[Result]) -> str:
    lines: list[str] = []
    for one in results:
        if one.is_bad:
            lines += details(one)
    pairs = pairs_of(results)
    if pairs:
        lines += ["", "Demands that contradict each other: of each pair one side can pass."]
        lines += [_pair_line(one) for one in pairs]
    found = summary_of(results)
    lines += [
        "",
        f"{found['checks']} checks: {found['passed']} passed, {found['failed']} failed, "
        f"{found['blocked']} blocked, {found['otherPolicy']} of the other policy",
        NOTE,
    ]
    return "\n".join(lines)


def _pair_line(pair: dict[str, Any]) -> str:
    sides = [f"{policy}: {_words(pair[policy])}" for policy in POLICIES]
    return f"  {pair['pair']:<24} {'; '.join(sides)}"


def _words(side: list[dict[str, str]]) -> str:
    return ", ".join(sorted({one["outcome"] for one in side})) or "not run"
