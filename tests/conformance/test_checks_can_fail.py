"""Every rule is broken once by a real plane whose words are changed on their way; that is seen.

Each row runs the same checks twice: at the plane itself, where all of them pass, and with the one
change, where exactly the named ones have to fail.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest
from hanza_conformance.catalogue import scenarios
from hanza_conformance.cloud import Cloud, Target
from hanza_conformance.runner import Result, run, selected

from kit.tampering import Asked, Heard, Tampering

Change = Callable[[Heard], None]


@dataclass(frozen=True)
class Break:
    """A rule, what breaks it, and the check that has to see it."""

    rule: str
    change: Change
    seen_by: str
    only: str = ""
    """What to run; the scenario of the check by default."""
    ask: Callable[[Asked], None] = lambda _: None
    patience_s: float = 20.0
    """Little where what is waited for, also while cleaning up, never comes."""

    @property
    def selection(self) -> str:
        return self.only or f"^{self.seen_by.partition('/')[0]}/"


def answered(before: int, after: int, *methods: str) -> Change:
    """This status for that one."""

    def change(heard: Heard) -> None:
        if heard.status == before and (not methods or heard.method in methods):
            heard.status = after

    return change


def is_resource(heard: Heard) -> bool:
    return heard.status < 300 and "name" in heard.metadata


def in_metadata(member: str, made: Callable[[str], str]) -> Change:
    def change(heard: Heard) -> None:
        if is_resource(heard) and member in heard.metadata:
            heard.metadata[member] = made(str(heard.metadata[member]))

    return change


def in_body(member: str, key: str, value: object) -> Change:
    def change(heard: Heard) -> None:
        if is_resource(heard) and heard.body is not None:
            heard.body[member] = (heard.body.get(member) or {}) | {key: value}

    return change


def in_log(made: Callable[[Heard], None], method: str = "GET") -> Change:
    def change(heard: Heard) -> None:
        if heard.method == method and heard.log:
            made(heard)

    return change


def provider_in_reference(heard: Heard) -> None:
    if is_resource(heard) and heard.body and "skuRef" in heard.body.get("spec", {}):
        heard.body["spec"]["skuRef"]["provider"] = "seca.storage/v1"


def one_more_condition(heard: Heard) -> None:
    heard.log.append({"state": "pending", "lastTransitionAt": "2020-01-01T00:00:00Z"})


def no_instants(heard: Heard) -> None:
    for one in heard.log:
        one["lastTransitionAt"] = "0001-01-01T00:00:00Z"


def swapped_instants(heard: Heard) -> None:
    heard.log[0]["lastTransitionAt"] = "2020-01-01T00:00:00Z"


def without_the_last_change(heard: Heard, entries: int) -> None:
    if len(heard.log) == entries:
        del heard.log[:2]


def updating(heard: Heard) -> None:
    if heard.status == 200 and heard.body:
        heard.body["status"]["state"] = "updating"


def empty_token(heard: Heard) -> None:
    if "items" in (heard.body or {}) and "skipToken" not in heard.metadata:
        heard.metadata["skipToken"] = ""


def whole_page(asked: Asked) -> None:
    asked.query.pop("limit", None)


def no_selector(asked: Asked) -> None:
    asked.query.pop("labels", None)


def no_filter(asked: Asked) -> None:
    asked.headers["accept"] = "application/json"


def nothing_of_a_tier(heard: Heard) -> None:
    if "labels" in heard.query and heard.body is not None:
        heard.body["items"] = []


def one_item_less(heard: Heard) -> None:
    is_whole = heard.path.endswith("/images") and "limit" not in heard.query
    if is_whole and heard.body and heard.body.get("items"):
        heard.body["items"] = heard.body["items"][:-1]


def not_with(words: str) -> Change:
    """As if this were never accepted."""

    def change(heard: Heard) -> None:
        if heard.method == "PUT" and words in str(heard.body):
            heard.status = 412

    return change


def never_a_fourth_time(heard: Heard) -> None:
    """The fourth change of a life is the one with metadata and status in its body."""
    if heard.method == "PUT" and len(heard.log) > 9:
        heard.status = 412


def turned_round(heard: Heard) -> None:
    if heard.body and "items" in heard.body:
        heard.body["items"].reverse()


def nameless_items(heard: Heard) -> None:
    for item in (heard.body or {}).get("items", []):
        item["metadata"]["ref"] = ""


def left_by_a_refusal(heard: Heard) -> None:
    """As if what was refused for its label had been kept."""
    for item in list((heard.body or {}).get("items", [])):
        name = f"{item['metadata']['name']}-label-too-long"
        assert heard.body is not None
        heard.body["items"].append({"metadata": {"name": name}})


def anothers_volume(heard: Heard) -> None:
    if "block-storages" in heard.path and heard.body and "items" in heard.body:
        heard.body["items"].append({"metadata": {"name": "anothers"}})


def other_volume_changed(heard: Heard) -> None:
    if heard.method == "GET" and heard.body and "sizeGB" in heard.body.get("spec", {}):
        heard.body["spec"]["sizeGB"] = 40


def no_compute(heard: Heard) -> None:
    spec = (heard.body or {}).get("spec", {})
    if "providers" in spec:
        spec["providers"] = [one for one in spec["providers"] if one["name"] != "seca.compute"]


def power_is(word: str) -> Change:
    def change(heard: Heard) -> None:
        if heard.method == "GET" and heard.body and "powerState" in heard.body.get("status", {}):
            heard.body["status"]["powerState"] = word

    return change


def without(member: str) -> Change:
    def change(heard: Heard) -> None:
        if heard.status >= 400 and heard.body:
            heard.body.pop(member, None)

    return change


def no_versions(asked: Asked) -> None:
    asked.headers.pop("if-unmodified-since", None)


def never_older(heard: Heard) -> None:
    if "resourceVersion" in heard.metadata:
        heard.metadata["resourceVersion"] = 1


def nothing_goes(heard: Heard) -> None:
    if heard.method == "DELETE":
        heard.status = 412


def unwell(heard: Heard) -> None:
    """Whoever is asked for what is gone has something else to say."""
    if heard.status == 404:
        heard.status = 503


def let_be(_: Heard) -> None:
    """The words stay; only the question was changed."""


BREAKS = (
    Break("R1", answered(201, 202, "PUT"), "WorkspaceLifeCycle/create"),
    Break("R1", answered(200, 202, "PUT"), "WorkspaceLifeCycle/relabel"),
    Break("R1", answered(202, 204, "DELETE"), "WorkspaceLifeCycle/delete"),
    Break("R1", answered(202, 200, "POST"), "InstancePower/start"),
    Break("R2", in_metadata("verb", str.lower), "WorkspaceLifeCycle/create.metadata"),
    Break("R2", in_metadata("verb", lambda _: "GET"), "WorkspaceLifeCycle/create.metadata"),
    Break("R2", in_metadata("verb", lambda _: "PUT"), "WorkspaceLifeCycle/create.get.metadata"),
    Break("R3", in_metadata("resource", lambda it: f"/v1/{it}"), "ImageLifeCycle/create.metadata"),
    Break("R4", in_metadata("kind", str.upper), "RoleLifeCycle/create.metadata"),
    Break("R4", in_metadata("apiVersion", lambda _: "v2"), "RoleLifeCycle/create.metadata"),
    Break("R4", in_metadata("ref", lambda it: f"eu/{it}"), "ImageLifeCycle/create.metadata"),
    Break("R4", in_metadata("region", lambda _: "de"), "ImageLifeCycle/create.metadata"),
    Break("R4", in_metadata("createdAt", lambda _: "today"), "RoleLifeCycle/create.metadata"),
    Break("R5", in_log(one_more_condition), "WorkspaceLifeCycle/create.get.conditions"),
    Break("R5", in_log(lambda it: it.log.reverse()), "WorkspaceLifeCycle/create.get.conditions"),
    Break("R5", in_log(no_instants), "WorkspaceLifeCycle/create.get.conditions"),
    Break("R5", in_log(swapped_instants), "WorkspaceLifeCycle/create.get.conditions"),
    Break("R5", in_log(lambda it: it.log.clear()), "RoleLifeCycle/create.get.conditions"),
    Break(
        "R5: a PUT that changes nothing counts",
        in_log(partial(without_the_last_change, entries=9)),
        "WorkspaceLifeCycle/repeat.get.conditions",
    ),
    Break(
        "R5: labels alone count",
        in_log(partial(without_the_last_change, entries=5)),
        "WorkspaceLifeCycle/relabel.get.conditions",
    ),
    Break("R6", in_log(updating, "PUT"), "WorkspaceLifeCycle/relabel.state"),
    Break("R7", in_body("labels", "site", "zagreb"), "WorkspaceLifeCycle/create.echo"),
    Break("R7", in_body("annotations", "site", "zagreb"), "RoleLifeCycle/create.echo"),
    Break("Terraform", in_body("extensions", "site", "zagreb"), "RoleLifeCycle/create.echo"),
    Break("R8", provider_in_reference, "BlockStorageLifeCycle/create.echo"),
    Break(
        "R8: no default for a reference",
        in_body("spec", "sourceImageRef", {"resource": "images/x"}),
        "BlockStorageLifeCycle/create.get.echo",
    ),
    Break("R10", answered(412, 422), "WorkspaceConstraintsValidation/name-too-long"),
    Break("R10", answered(412, 400), "WorkspaceConstraintsValidation/label-too-long"),
    Break("R11", answered(412, 201, "PUT"), "BlockStorageConstraintsValidation/sizeGB-too-large"),
    Break("R11", answered(412, 422, "PUT"), "RoleConstraintsValidation/permissions-too-many"),
    Break("R11", left_by_a_refusal, "WorkspaceConstraintsValidation/nothing-made"),
    Break("R12", answered(412, 404), "InstanceError/non-existent-boot-volume"),
    Break("R12", answered(412, 404), "BlockStorageError/non-existent-workspace"),
    Break("R13", answered(412, 201), "RoleError/verb-not-allowed"),
    Break("R14", answered(412, 422), "RoleAssignmentError/non-existent-tenant-in-scope"),
    Break("R14", answered(201, 412), "MultiWorkspaceIsolation/assignment-before-its-workspaces"),
    Break("R15", answered(412, 202, "POST"), "InstancePower/start-at-once-again"),
    Break("R15", answered(412, 202, "POST"), "InstanceError/stop-when-off"),
    Break("R15", power_is("off"), "InstancePower/start.get.power"),
    Break("R16", answered(412, 409, "DELETE"), "WorkspaceError/delete-with-active-instance"),
    Break("R16", nothing_goes, "BlockStorageBulk/clean-up", patience_s=0.6),
    Break("R17", answered(201, 412), "InstanceBulk/put-2", patience_s=0.6),
    Break("R9", never_a_fourth_time, "WorkspaceLifeCycle/put-back"),
    Break("R18", not_with("arm64"), "ImageLifeCycle/update"),
    Break("R19", not_with("not-made-yet"), "RouteTableLifeCycle/update"),
    Break("R20", not_with("'sizeGB': 30"), "BlockStorageLifeCycle/update"),
    Break("R21", nothing_of_a_tier, "InstanceSkuQueries/tier.items"),
    Break("R22", turned_round, "RegionQueries/list.first"),
    Break("4", no_compute, "RegionQueries/get.providers"),
    Break("R23", empty_token, "WorkspaceQueries/pages"),
    Break("R23", let_be, "WorkspaceQueries/pages", ask=whole_page),
    Break("3.4", one_item_less, "ImageQueries/list.items"),
    Break("3.4", nameless_items, "WorkspaceQueries/list.metadata"),
    Break("2.6", let_be, "WorkspaceQueries/labels.items", ask=no_selector),
    Break("2.6", let_be, "LabelSelectors/greater.items", ask=no_selector),
    Break("2.6", let_be, "WorkspaceQueries/deleted-only.items", ask=no_filter),
    Break("2.7", let_be, "Versions/outdated", ask=no_versions),
    Break("2.7", never_older, "Versions/current.grows"),
    Break("2.8", without("sources"), "Problems/refused.problem"),
    Break("2.10", answered(401, 200), "Tokens/none"),
    Break("3.3", anothers_volume, "MultiWorkspaceIsolation/list-other.items"),
    Break("3.3", other_volume_changed, "MultiWorkspaceIsolation/other.is-untouched"),
    Break("3.4: gone is 404", unwell, "WorkspaceLifeCycle/delete.gone", patience_s=0.6),
)


def run_checks(target: Target, wanted: Break, transport: Tampering | None) -> list[Result]:
    cloud = Cloud(target, transport)
    try:
        return run(cloud, selected(scenarios(), wanted.selection), "strict", 2, lambda _: None)
    finally:
        cloud.close()


def failed(results: list[Result]) -> list[str]:
    return [one.id for one in results if one.outcome == "failed"]


@pytest.fixture(scope="session")
def passing() -> dict[str, list[str]]:
    """What passed at the plane itself, by selection: each is asked once."""
    return {}


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: f"{one.rule} {one.seen_by}")
def test_a_broken_rule_is_seen(
    broken: Break, target: Target, passing: dict[str, list[str]]
) -> None:
    if broken.selection not in passing:
        honest = run_checks(target, broken, None)
        passing[broken.selection] = [one.id for one in honest if one.outcome == "passed"]
    assert broken.seen_by in passing[broken.selection]
    patient = replace(target, patience_s=broken.patience_s)
    results = run_checks(patient, broken, Tampering(broken.change, broken.ask))
    assert broken.seen_by in failed(results), [(one.id, one.got) for one in results if one.is_bad]


def test_no_rule_is_left_unbroken() -> None:
    """Of those in the table of rules; R24, on the length of ids, is no answer of a cloud's."""
    broken = {number for one in BREAKS for number in re.findall(r"^R(\d+)", one.rule)}
    assert broken == {str(number) for number in range(1, 24)}
