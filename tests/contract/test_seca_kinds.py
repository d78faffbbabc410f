"""Every kind that is done at once, over HTTP: its life, its echo, and what it is refused for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.standard import Asker, askers
from kit.standard_kinds import CASES, Case, furnish

SITES = {"berlin": "DE", "zagreb": "HR"}
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.name)


@pytest.fixture(scope="module")
def ana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    with askers(tmp_path_factory.mktemp("api"), SITES) as (asker, _):
        furnish(asker)
        yield asker


def states(document: dict[str, Any]) -> list[str]:
    return [one["state"] for one in document["status"]["conditions"]]


def test_every_kind_lives_as_the_standard_has_it(tmp_path: Path, database_url: str) -> None:
    with askers(tmp_path, SITES, database_url) as (ana, bob):
        furnish(ana)
        for case in CASES:
            check_life(ana, bob, case)


def check_life(ana: Asker, bob: Asker, case: Case) -> None:
    kind, path, words = case.kind, case.path(ana, "one"), {"labels": {"a": "b"}, "annotations": {}}
    made = ana.put(path, case.good, **words)
    assert made.status_code == 201, made.text
    document = made.json()
    assert states(document) == ["active", "creating", "pending"]
    assert document | words | {"spec": case.good} == document
    metadata = document["metadata"]
    assert (metadata["kind"], metadata["verb"]) == (kind.name, "PUT")
    assert (metadata["provider"], metadata["apiVersion"]) == (kind.urn_provider, "v1")
    assert metadata["ref"].removeprefix(f"{kind.urn_provider}/") in path
    assert metadata["ref"].endswith(metadata["resource"])
    assert ("region" in metadata) == kind.is_regional
    got = ana.get(path).json()
    assert got["metadata"] == metadata | {"verb": "GET"}
    listed = ana.get(case.collection(ana)).json()
    assert got in listed["items"]
    assert metadata["resource"] == f"{listed['metadata']['resource']}/one"
    assert bob.get(case.path(bob, "one")).status_code == 404
    assert bob.get(path).status_code == 404
    again = ana.ask("PUT", path, got | {"status": None})
    assert (again.status_code, states(again.json())[:2]) == (200, ["active", "updating"])
    changed = ana.put(path, case.other)
    assert changed.status_code == 200, changed.text
    assert (len(states(changed.json())), changed.json()["spec"]) == (7, case.other)
    assert ana.ask("PUT", path, {"spec": case.good}, if_unmodified_since="1").status_code == 412
    assert ana.ask("DELETE", path).status_code == 202
    assert ana.get(path).status_code == 404
    assert ana.ask("DELETE", path).status_code == 404


@EACH
@pytest.mark.parametrize(
    "words",
    [{"labels": {"a": "b" * 64}}, {"annotations": {"a": "b" * 1025}}, {"spec": []}],
    ids=["label", "annotation", "spec"],
)
def test_the_envelope_is_held_to_its_limits(ana: Asker, case: Case, words: dict[str, Any]) -> None:
    document = {"spec": case.good} | words
    assert ana.ask("PUT", case.path(ana, "wrong"), document).status_code == 412
    assert ana.get(case.path(ana, "wrong")).status_code == 404


@EACH
@pytest.mark.parametrize("name", ["x" * 129, "Upper", "a_b"])
def test_a_name_that_is_none_is_refused(ana: Asker, case: Case, name: str) -> None:
    assert ana.put(case.path(ana, name), case.good).status_code == 412


@EACH
def test_what_another_region_was_meant_for_is_refused(ana: Asker, case: Case) -> None:
    document = {"spec": case.good, "metadata": {"region": "hr"}}
    answer = ana.ask("PUT", case.path(ana, "there"), document)
    assert answer.status_code == (412 if case.kind.is_regional else 201), answer.text
    ana.ask("DELETE", case.path(ana, "there"))


@EACH
def test_labels_choose_and_pages_end(ana: Asker, case: Case) -> None:
    for number in range(3):
        labels = {"odd": str(number % 2)}
        assert ana.put(case.path(ana, f"p{number}"), case.good, labels=labels).status_code == 201
    collection, found, token = case.collection(ana), [], ""
    while True:
        page = ana.get(f"{collection}?limit=1{token}").json()
        found += [one["metadata"]["name"] for one in page["items"]]
        if "skipToken" not in page["metadata"]:
            break
        token = "&skipToken=" + page["metadata"]["skipToken"]
    assert [name for name in found if name[0] == "p"] == ["p0", "p1", "p2"]
    (odd,) = ana.get(f"{collection}?labels=odd=1").json()["items"]
    assert odd["metadata"]["name"] == "p1"
    only = ana.get(collection, accept="application/json; deleted=only").json()
    assert only["items"] == []
    for number in range(3):
        assert ana.ask("DELETE", case.path(ana, f"p{number}")).status_code == 202
