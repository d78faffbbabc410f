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
from hanza.plan.seca.envelope import urn_of
from hanza.plan.seca.regions import Region

Key = Annotated[str, Meta(max_length=256)]
Values = dict[Key, str] | None


class _Metadata(Struct):
    region: str | None = None


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
    metadata = _metadata(resource.path, verb) | _dates(resource)
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
    metadata = _metadata(path, "GET")
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
    regional = dict.fromkeys(kind.provider for kind in kinds if kind.is_regional)
    providers = [
        {"name": name, "url": f"{facts.url}/r/{region.name}/providers/{name}", "version": VERSION}
        for name in regional
    ]
    ours = "hanza.federation"
    providers.append({"name": ours, "url": f"{facts.url}/providers/{ours}", "version": VERSION})
    metadata = {
        **_metadata(Path(REGION, "", "", "", region.name), "GET"),
        "createdAt": _instant(facts.created_at),
        "lastModifiedAt": _instant(facts.modified_at),
        "resourceVersion": facts.version,
    }
    spec = {"availableZones": list(region.zones), "providers": providers}
    return msgspec.json.encode({"metadata": metadata, "spec": spec})


def list_to_json(kind: Kind, items: Iterable[bytes], skip_token: str | None) -> bytes:
    """A page of documents that are rendered already; the last page has no token."""
    metadata: dict[str, str] = {
        "provider": kind.urn_provider,
        "resource": kind.collection,
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


def _metadata(path: Path, verb: str) -> dict[str, object]:
    kind = path.kind
    return {
        "name": path.name,
        "provider": kind.urn_provider,
        "resource": f"{kind.collection}/{path.name}",
        "verb": verb,
        "apiVersion": VERSION,
        "kind": kind.name,
        "ref": urn_of(path),
        **_said(("tenant", path.tenant or None), ("workspace", path.workspace or None)),
        **_said(("region", path.region or None)),
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
