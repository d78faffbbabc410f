"""That the suite asks all it says it asks, and stands alone."""

import ast
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import hanza_conformance
import pytest
from hanza_conformance.catalogue import scenarios
from hanza_conformance.cli import main
from hanza_conformance.exchange import Exchange
from hanza_conformance.refusals.conflicts import conflict_refusals
from hanza_conformance.refusals.limits import limit_refusals
from hanza_conformance.report import as_junit, as_text, pairs_of
from hanza_conformance.runner import Result, by_policy, selected
from hanza_conformance.steps import Side

ROOT = Path(hanza_conformance.__file__).parent
SOURCES = Path(__file__).parents[2] / "src"

# How many requests each scenario of the official tool wants answered with 412.
REFUSED = {
    "RoleAssignmentConstraintsValidation": 23,
    "RoleAssignmentError": 5,
    "RoleConstraintsValidation": 16,
    "RoleError": 3,
    "InstanceConstraintsValidation": 12,
    "InstanceError": 7,
    "InternetGatewayConstraintsValidation": 4,
    "InternetGatewayError": 2,
    "NetworkConstraintsValidation": 13,
    "NetworkError": 4,
    "NicConstraintsValidation": 5,
    "NicError": 4,
    "PublicIpConstraintsValidation": 5,
    "PublicIpError": 3,
    "RouteTableConstraintsValidation": 7,
    "RouteTableError": 4,
    "SecurityGroupConstraintsValidation": 15,
    "SecurityGroupError": 3,
    "SecurityGroupRuleConstraintsValidation": 15,
    "SecurityGroupRuleError": 2,
    "SubnetConstraintsValidation": 5,
    "SubnetError": 6,
    "BlockStorageConstraintsValidation": 6,
    "BlockStorageError": 3,
    "ImageConstraintsValidation": 7,
    "ImageError": 4,
    "WorkspaceConstraintsValidation": 4,
    "WorkspaceError": 2,
}


def test_there_are_exactly_189_refusals_and_as_many_of_each_scenario() -> None:
    found = limit_refusals() | conflict_refusals()
    assert {name: len(rows) for name, (_, rows) in found.items()} == REFUSED
    assert sum(REFUSED.values()) == 189


def test_every_check_has_an_id_of_its_own_that_a_shell_can_take() -> None:
    ids = [f"{one.name}/{step.name}" for one in scenarios() for step in one.steps]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert [name for name in ids if set(name) & set(" ,;'\"$")] == []
    assert all(step.rule for one in scenarios() for step in one.steps)


def test_each_contradiction_has_both_its_sides() -> None:
    sides = [step.side for one in scenarios() for step in one.steps if step.side]
    pairs = {one.pair for one in sides}
    assert len(pairs) == 3
    assert {(one.pair, one.policy) for one in sides} == {
        (pair, policy) for pair in pairs for policy in ("strict", "deferred")
    }


def imports_of(folder: Path) -> set[str]:
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found


def test_it_knows_no_more_of_hanza_than_its_urls_and_hanza_nothing_of_it() -> None:
    assert "httpx2" in imports_of(ROOT)
    assert "hanza" not in imports_of(ROOT)
    assert "kit" not in imports_of(ROOT)
    assert "hanza_conformance" not in imports_of(SOURCES)


def test_a_selection_takes_along_what_it_builds_on() -> None:
    (refused,) = selected(scenarios(), "^ImageError/invalid-region$")
    assert [one.name for one in refused.steps] == ["valid-document", "invalid-region"]
    (sequence,) = selected(scenarios(), "^WorkspaceLifeCycle/create.echo$")
    assert [one.name for one in sequence.steps] == ["create", "create.metadata", "create.echo"]


def test_checks_are_listed_without_any_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "^NetworkConstraintsValidation/cidr.ipv4-too-long$"]) == 0
    assert "NetworkConstraintsValidation/cidr.ipv4-too-long  [A.3]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nothing-is-called-so"], "no check matches"),
        (["--region-url", "http://127.0.0.1:1"], "--authorization-url, --token"),
        (["--cidr", "10.1.0.0/30"], "smaller than a /24"),
        (["--public-ips", "many"], "Expected 4 octets"),
    ],
)
def test_who_calls_it_wrongly_is_told_and_nothing_is_asked(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_cloud_that_does_not_answer_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    url = "http://127.0.0.1:1"
    where = ["--region-url", url, "--authorization-url", url, "--token", "t", "--tenant", "t"]
    assert main([*where, "--region", "eu", "--only", "^RegionQueries/"]) == 1
    assert "expected  an answer" in capsys.readouterr().out


def a_half(policy: str, status: int) -> Result:
    """A check of one side that failed because of this answer."""
    exchange = Exchange("PUT", "http://cloud", None, status, {}, "\x00")
    side = Side("p", "strict" if policy == "strict" else "deferred")
    return Result(f"S/{policy}", "3.6", "failed", 0.1, "one", "another", exchange, side)


def passed(policy: str) -> Result:
    return Result(f"S/{policy}", "3.6", "passed", 0.1, side=a_half(policy, 0).side)


def test_only_the_answer_that_the_other_side_demands_is_no_failure() -> None:
    def outcomes(*results: Result) -> list[str]:
        return [one.outcome for one in by_policy(results, "auto")]

    assert outcomes(passed("strict"), a_half("deferred", 412)) == ["passed", "other-policy"]
    assert outcomes(a_half("strict", 201), passed("deferred")) == ["other-policy", "passed"]
    assert outcomes(a_half("strict", 422), passed("deferred")) == ["failed", "passed"]
    assert outcomes(passed("strict"), a_half("deferred", 500)) == ["passed", "failed"]
    assert outcomes(a_half("strict", 201), a_half("deferred", 412)) == ["failed", "other-policy"]


def test_the_policy_that_is_asked_for_is_the_one_that_has_to_pass() -> None:
    results = (passed("strict"), a_half("deferred", 412))
    assert [one.outcome for one in by_policy(results, "deferred")] == ["passed", "failed"]


def test_reports_tell_the_same_in_words_and_in_xml() -> None:
    results = by_policy([passed("strict"), a_half("deferred", 412), a_half("strict", 422)], "auto")
    text = as_text(results)
    assert "3 checks: 1 passed, 1 failed, 0 blocked, 1 of the other policy" in text
    assert "deferred: other-policy; strict: failed, passed" in text
    assert pairs_of(results)[0]["pair"] == "p"
    (suite,) = ElementTree.fromstring(as_junit(results))
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "skipped": "1"}
