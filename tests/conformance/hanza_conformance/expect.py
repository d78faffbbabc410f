"""What a document has to be like.  Each function raises `Failed` with what differs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hanza_conformance.exchange import Document, Failed
from hanza_conformance.steps import Judge
from hanza_conformance.world import Place, World

ID_CHARACTERS_MAX = 64
CREATION = ["active", "creating", "pending"]
CHANGE = ["active", "updating"]
PROBLEM = ("type", "title", "status", "detail", "instance", "sources")


def same(expected: dict[str, Any], got: dict[str, Any], where: str) -> None:
    """Equal in the expected members; others are let be."""
    differ = {name: got.get(name) for name, value in expected.items() if got.get(name) != value}
    if differ:
        wanted = {name: expected[name] for name in differ}
        raise Failed(f"{where} {words(wanted)}", words(differ))


def words(value: Any) -> str:
    return json.dumps(value, sort_keys=True)[:1000]


def metadata(kind: str, verb: str, name: str | None = None) -> Judge:
    """R2 to R4: who and where it is, in full."""

    def look(world: World, document: Document) -> None:
        check_metadata(world, world.place(kind, name), verb, document)

    return look


def check_metadata(world: World, place: Place, verb: str, document: Document) -> None:
    kind = place.kind
    expected: dict[str, Any] = {
        "name": place.name,
        "provider": f"{kind.provider}/v1",
        "resource": place.resource,
        "apiVersion": "v1",
        "verb": verb,
        "kind": kind.name,
        "ref": place.urn,
        "tenant": place.tenant,
    }
    if kind.is_regional:
        expected["region"] = world.cloud.target.region
    if kind.scope != "tenant":
        expected["workspace"] = place.workspace
    if kind.scope == "network":
        expected["network"] = place.network
    found = document.get("metadata", {})
    same(expected, found, "metadata")
    check_stamps(found)


def check_stamps(found: Document) -> None:
    """Instants, version and the lengths of ids, as the schema has them."""
    for name in ("createdAt", "lastModifiedAt"):
        instant(found.get(name), f"metadata.{name}")
    version = found.get("resourceVersion")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Failed("metadata.resourceVersion as a whole number", words(version))
    for name in ("tenant", "workspace", "network", "region"):
        if len(found.get(name) or "") > ID_CHARACTERS_MAX:
            raise Failed(f"metadata.{name} of at most {ID_CHARACTERS_MAX}", words(found[name]))


def instant(value: Any, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Failed(f"{where} as an instant of RFC 3339", words(value)) from error
    if found.year < 2000 or found.tzinfo is None:
        raise Failed(f"{where} as a real instant with its zone", words(value))
    return found


def echo(sent_by: str) -> Judge:
    """R7, R8: labels, annotations, extensions and spec come back as they were sent."""

    def look(world: World, document: Document) -> None:
        sent = world.recall(sent_by).sent or {}
        for name in ("labels", "annotations", "extensions"):
            if (document.get(name) or {}) != (sent.get(name) or {}):
                raise Failed(f"{name} {words(sent.get(name))}", words(document.get(name)))
        found = document.get("spec") or {}
        same(sent["spec"], found, "spec")
        added = [n for n in found if n.endswith(("Ref", "Refs")) and n not in sent["spec"]]
        if any(found[name] for name in added):
            raise Failed("no reference that was not sent", words({n: found[n] for n in added}))

    return look


def state(*allowed: str) -> Judge:
    def look(_: World, document: Document) -> None:
        found = (document.get("status") or {}).get("state")
        if found not in allowed:
            raise Failed(f"status.state {' or '.join(allowed)}", words(found))

    return look


def conditions(changes: int) -> Judge:
    """R5: the exact log after a creation and so many accepted changes, newest first."""

    def look(_: World, document: Document) -> None:
        found = (document.get("status") or {}).get("conditions")
        if not isinstance(found, list):
            raise Failed("status.conditions", words(found))
        check_log([one.get("state") for one in found], CHANGE * changes + CREATION)
        instants = [instant(one.get("lastTransitionAt"), "lastTransitionAt") for one in found]
        if instants != sorted(instants, reverse=True):
            raise Failed("conditions newest first", words(found))

    return look


def check_log(found: Sequence[Any], expected: Sequence[str]) -> None:
    if list(found) != list(expected):
        raise Failed(f"conditions {' '.join(expected)}", " ".join(map(str, found)))


def power(expected: str) -> Judge:
    def look(_: World, document: Document) -> None:
        found = (document.get("status") or {}).get("powerState")
        if found != expected:
            raise Failed(f"status.powerState {expected}", words(found))

    return look


def listing(kind: str) -> Judge:
    """The reply's own metadata, and that every item says what it is."""

    def look(world: World, document: Document) -> None:
        place = world.place(kind)
        expected = {
            "provider": f"{place.kind.provider}/v1",
            "resource": place.resource.rsplit("/", 1)[0],
            "verb": "GET",
        }
        same(expected, document.get("metadata") or {}, "metadata")
        for item in items_of(document):
            check_item(item, _said_by(place))

    return look


def _said_by(place: Place) -> list[str]:
    said = ["apiVersion", "kind", "name", "provider", "ref", "resource", "tenant"]
    if place.kind.is_regional:
        said.append("region")
    if place.kind.scope != "tenant":
        said.append("workspace")
    if place.kind.scope == "network":
        said.append("network")
    return said


def check_item(item: Document, said: Iterable[str]) -> None:
    found = item.get("metadata") or {}
    missing = [name for name in said if not found.get(name)]
    if missing:
        raise Failed(f"every item with metadata.{', metadata.'.join(missing)}", words(found))


def items_of(document: Document) -> list[Document]:
    found = document.get("items")
    if not isinstance(found, list):
        raise Failed("items as a list", words(found))
    return found


def names_of(document: Document) -> list[str]:
    return [str((item.get("metadata") or {}).get("name")) for item in items_of(document)]


def problem(status: int) -> Judge:
    """RFC 7807 with the members that the standard requires."""

    def look(_: World, document: Document) -> None:
        missing = [name for name in PROBLEM if name not in document]
        if missing:
            raise Failed(f"a problem with {', '.join(missing)}", words(document))
        same({"status": status}, document, "problem")

    return look
