"""Events as entries of the standard's activity log.

An entry of what was asked for in the standard's API says what was asked and how it was answered;
one of what happened by itself says only what.  Its sentence is an annotation, its kind a label,
so that `labels=kind=network.*` chooses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from hanza.model.resource import Path
from hanza.wire.seca.documents import metadata_of

ASKED = {"created": ("PUT", 201), "changed": ("PUT", 200), "ending": ("DELETE", 202)}
"""How a request is told by the verb of its event; every other is a power action."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event.  `ref` is the resource that was asked for, None where nobody asked."""

    serial: int
    at: datetime
    kind: str
    text: str
    ref: str | None

    @property
    def labels(self) -> Mapping[str, str]:
        return {"kind": self.kind}


def entry_to_json(entry: Entry, collection: Path) -> bytes:
    """Names go by the order in which things happened."""
    at = entry.at.astimezone(UTC)
    metadata = {
        **metadata_of(replace(collection, name=f"{entry.serial:018d}"), "GET"),
        "createdAt": at,
        "lastModifiedAt": at,
        "resourceVersion": 1,
    }
    document = {
        "labels": entry.labels,
        "annotations": {"text": entry.text},
        "metadata": metadata,
        "spec": {} if entry.ref is None else _asked(entry.kind, entry.ref),
    }
    return msgspec.json.encode(document)


def _asked(kind: str, ref: str) -> dict[str, object]:
    verb, code = ASKED.get(kind.partition(".")[2], ("POST", 202))
    return {"request": {"verb": verb, "resource": ref}, "response": {"code": code}}
