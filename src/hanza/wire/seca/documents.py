"""Resources as documents of the standard, and requests as words.  All data: see `model.kinds`.

A document is rendered once, with the verb GET, and kept; whoever answers another verb renders it
anew.  Nothing is ever added to what is the tenant's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.kinds import REGION, VERSION, Kind
from hanza.model.resource import Condition, Path, Resource, Words
from hanza.model.skus import Sku
from hanza.plan.seca.envelope import collection_of, urn_of
from hanza.plan.seca.regions import Region

Key = Annotated[str, Meta(max_length=256)]
Values = dict[Key, str] | None


class _Metadata(Struct):
    region: str | None = None


class _Name(Struct):
    name: str


class _Named(Struct):
    metadata: _Name


class _Put(Struct):
    """What is ours to say in a document, such as status, is read over when it is sent back."""

    spec: dict[str, Any] | None = None
    labels: Values = None
    annotations: Values = None
    extensions: Values = None
    metadata: _Metadata | None = None


class _Condition(Struct, omit_defaults=True, rename="camel"):
    state: str
    last_transition_at: datetime
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A PUT as it was sent.  `region` is what the body says of its region, if anything."""

    words: Words
    region: str | None


def request_from_json(body: bytes) -> Request:
    """Raises `Invalid` for what is no JSON or no document."""
    try:
        put = msgspec.json.decode(body, type=_Put)
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field="body") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Invalid("the body is not JSON", field="body") from error
    words = Words(put.labels, put.annotations, put.extensions, put.spec or {})
    return Request(words, put.metadata.region if put.metadata else None)


def resource_to_json(resource: Resource, verb: str) -> bytes:
    own = resource.words
    metadata = metadata_of(resource.path, verb) | _dates(resource)
    document = {
        **_said(("labels", own.labels), ("annotations", own.annotations)),
        **_said(("extensions", own.extensions)),
        "metadata": metadata,
        "spec": own.spec,
        "status": {
            "state": resource.state,
            "conditions": [_condition_to_doc(one) for one in resource.conditions],
            **resource.status,
        },
    }
    return msgspec.json.encode(document)


def sku_to_json(sku: Sku, region: str, tenant: str) -> bytes:
    path = Path(sku.kind, region, tenant, "", sku.name)
    metadata = metadata_of(path, "GET")
    return msgspec.json.encode({"labels": sku.labels, "metadata": metadata, "spec": sku.spec})


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """What a region's document says beside the region itself."""

    created_at: datetime
    modified_at: datetime
    version: int
    url: str
    """Where this plane is reached, as the caller sees it."""


def region_to_json(region: Region, facts: RegionFacts, kinds: Sequence[Kind]) -> bytes:
    """With one address for each provider: the standard's are below the region's own path."""
    regional = {kind.provider: kind.version for kind in kinds if kind.is_regional}
    providers = [
        {"name": name, "url": f"{facts.url}/r/{region.name}/providers/{name}", "version": version}
        for name, version in regional.items()
    ]
    ours = "hanza.federation"
    providers.append({"name": ours, "url": f"{facts.url}/providers/{ours}", "version": VERSION})
    metadata = {
        **metadata_of(Path(REGION, "", "", "", region.name), "GET"),
        "createdAt": _instant(facts.created_at),
        "lastModifiedAt": _instant(facts.modified_at),
        "resourceVersion": facts.version,
    }
    spec = {"availableZones": list(region.zones), "providers": providers}
    return msgspec.json.encode({"metadata": metadata, "spec": spec})


def wellknown_to_json(url: str, kinds: Sequence[Kind]) -> bytes:
    """The address of each provider that is of no region, by the base that clients are given."""
    found = dict.fromkeys((one.provider, one.urn_provider) for one in kinds if not one.is_regional)
    endpoints = [{"provider": urn, "url": f"{url}/providers/{name}"} for name, urn in found]
    return msgspec.json.encode({"version": VERSION, "endpoints": endpoints})


def with_status(document: bytes, members: Mapping[str, object]) -> bytes:
    """A rendered document with these members of its status, all else as it was."""
    whole = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    status = msgspec.json.decode(whole["status"], type=dict[str, msgspec.Raw])
    said = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in members.items()}
    whole["status"] = msgspec.Raw(msgspec.json.encode(status | said))
    return msgspec.json.encode(whole)


def name_in(document: bytes) -> str:
    """What a rendered document is called."""
    return msgspec.json.decode(document, type=_Named).metadata.name


def list_to_json(path: Path, items: Iterable[bytes], skip_token: str | None) -> bytes:
    """A page of documents that are rendered already; the last page has no token."""
    metadata: dict[str, str] = {
        "provider": path.kind.urn_provider,
        "resource": collection_of(path),
        "verb": "GET",
        **({"skipToken": skip_token} if skip_token else {}),
    }
    tail = msgspec.json.encode(metadata)
    return b'{"items":[' + b",".join(items) + b'],"metadata":' + tail + b"}"


def conditions_to_json(conditions: Iterable[Condition]) -> str:
    return msgspec.json.encode([_condition_to_doc(one) for one in conditions]).decode()


def conditions_from_json(text: str) -> tuple[Condition, ...]:
    return tuple(
        Condition(one.state, one.last_transition_at, one.reason, one.message)  # type: ignore[arg-type]
        for one in msgspec.json.decode(text, type=list[_Condition])
    )


def _condition_to_doc(condition: Condition) -> _Condition:
    since = condition.since.astimezone(UTC)
    return _Condition(condition.state, since, condition.reason, condition.message)


def metadata_of(path: Path, verb: str) -> dict[str, object]:
    """What every document says of where it is."""
    kind = path.kind
    return {
        "name": path.name,
        "provider": kind.urn_provider,
        "resource": f"{collection_of(path)}/{path.name}",
        "verb": verb,
        "apiVersion": kind.version,
        "kind": kind.name,
        "ref": urn_of(path),
        **_said(("tenant", path.tenant or None), ("workspace", path.workspace or None)),
        **_said(("network", path.network or None), ("region", path.region or None)),
    }


def _dates(resource: Resource) -> dict[str, object]:
    deleted_at = resource.deleted_at
    return {
        "createdAt": _instant(resource.created_at),
        "lastModifiedAt": _instant(resource.modified_at),
        **_said(("deletedAt", None if deleted_at is None else _instant(deleted_at))),
        "resourceVersion": resource.version,
    }


def _said(*members: tuple[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in members if value is not None}


def _instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
