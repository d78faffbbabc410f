"""The shape of `hanza.app/v1` as types: what members there are, and its published JSON Schema.

The parser takes its lists of known members from here, so the schema cannot say something else.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hanza.wire.policy_v1 import NearTo, PolicyDoc, Word

API_VERSION = "hanza.app/v1"
COMPONENTS_MAX = 1000
REPLICAS_MAX = 256
SCHEMA_ID = "https://hanza.example/schemas/app-v1.schema.json"

Name = Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
AppName = Annotated[Name, Meta(description="With a name it is placed all or none.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="Short for a residency.")]
Amount = Annotated[str, Meta(pattern="^[0-9]{1,9}(Mi|Gi)$", examples=["96Mi", "2Gi"])]


class ComponentDoc(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One thing to run, once or in several replicas."""

    name: Name
    image: Name
    memory: Amount
    disk: Amount
    country: (
        Annotated[str, Meta(pattern="^[A-Z]{2}$", description="Short for a residency.")] | UnsetType
    ) = UNSET
    cpus: Annotated[int, Meta(ge=1, le=1024)] = 1
    power: Literal["on", "off"] = "on"
    replicas: Annotated[int, Meta(ge=1, le=REPLICAS_MAX, description="Named name-1 to name-n.")] = 1
    near: Annotated[
        list[Word | NearTo], Meta(max_length=16, description="Dealt to the replicas in turn.")
    ] = []
    policy: PolicyDoc | UnsetType = UNSET


class AppDoc(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """An application: what to run in one workspace, under which policy."""

    api_version: Literal["hanza.app/v1"]
    workspace: Name
    components: Annotated[list[ComponentDoc], Meta(min_length=1, max_length=COMPONENTS_MAX)]
    name: Annotated[str, Meta(description="With a name it is placed all or none.")] | UnsetType = (
        UNSET
    )
    policy: PolicyDoc | UnsetType = UNSET


def members_of(kind: type[Struct]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the required and of the optional members."""
    fields = msgspec.structs.fields(kind)
    required = frozenset(one.encode_name for one in fields if one.required)
    return required, frozenset(one.encode_name for one in fields) - required


def app_schema() -> dict[str, Any]:
    """JSON Schema 2020-12."""
    found = msgspec.json.schema(AppDoc)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": API_VERSION,
        **found,
    }
