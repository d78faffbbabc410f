"""The whole suite against a real plane, on either database and under either policy."""

import json

import pytest
from hanza_conformance.cli import main

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
