"""The whole suite against a real plane, on either database and under either policy."""

import json

import pytest
from hanza_conformance.cli import main
from hanza_conformance.cloud import Cloud, Target
from hanza_conformance.refusals.conflicts import conflict_refusals
from hanza_conformance.refusals.limits import limit_refusals
from hanza_conformance.world import World

from kit.federations import RunningFederation


def calling(federation: RunningFederation, tenant: str) -> list[str]:
    said = federation.said
    return [
        *("--region-url", said["regionUrl"]),
        *("--authorization-url", said["authorizationUrl"]),
        *("--token", federation.token_of(tenant)),
        *("--tenant", tenant, "--region", said["region"]),
        *("--users", ",".join(said["users"]), "--policy", tenant),
    ]


@pytest.mark.parametrize("tenant", ["strict", "deferred"])
@pytest.mark.parametrize("database", ["on_sqlite", "on_postgresql"])
def test_every_check_passes(
    database: str,
    tenant: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    federation: RunningFederation = request.getfixturevalue(database)
    code = main([*calling(federation, tenant), "--output", "json"])
    report = json.loads(capsys.readouterr().out)
    bad = [
        f"{one['id']}: expected {one['expected']}, got {one['got']}"
        for one in report["checks"]
        if one["outcome"] in ("failed", "blocked")
    ]
    assert not bad, f"{len(bad)} of {report['summary']['checks']}:\n" + "\n".join(bad[:40])
    assert code == 0
    other = {"strict": "deferred", "deferred": "strict"}[tenant]
    assert len(report["contradictions"]) == 3
    for pair in report["contradictions"]:
        assert {one["outcome"] for one in pair[tenant]} == {"passed"}
        assert {one["outcome"] for one in pair[other]} == {"other-policy"}


OWN_REASON = {
    "name-too-long": "/metadata/name",
    "name-not-in-pattern": "/metadata/name",
    "label-too-long": "/labels",
    "annotation-too-long": "/annotations",
    "invalid-region": "/metadata/region",
    "non-existent-region": "/metadata/region",
    "non-existent-workspace": "/workspace",
    "non-existent-network": "/network",
}
STATE_OF_THINGS = ("delete-with", "start-when", "stop-when", "restart-when")


@pytest.mark.parametrize("scenario", sorted(limit_refusals() | conflict_refusals()))
def test_each_refusal_is_for_the_reason_that_it_is_about(scenario: str, target: Target) -> None:
    """Hanza points at what is wrong; a document with a second mistake would prove nothing."""
    kind, rows = (limit_refusals() | conflict_refusals())[scenario]
    cloud = Cloud(target)
    world = World(cloud)
    try:
        world.prepare(kind)
        world.make(world.place(kind))
        for row in rows:
            for exchange in row.ask(world):
                problem = exchange.document()
                assert problem["status"] == 412, f"{row.name}: {exchange.answer_words}"
                found = problem["sources"][0]["pointer"] if problem["sources"] else ""
                if row.name.startswith(STATE_OF_THINGS):
                    assert found == "", f"{row.name}: {exchange.answer_words}"
                    continue
                expected = OWN_REASON.get(row.name, "/spec/")
                assert found.startswith(expected), f"{row.name}: {exchange.answer_words}"
    finally:
        world.clean_up()
        cloud.close()
