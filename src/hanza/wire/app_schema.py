"""The shape of `hanza.app/v1` as types: what members there are, and its published JSON Schema.

The parser takes its lists of known members from here, so the schema cannot say something else.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hanza.plan.ports import LAST, PORTS_MAX
from hanza.plan.seed import SSH_KEY_CHARACTERS_MAX, SSH_KEYS_MAX, USER_DATA_BYTES_MAX
from hanza.plan.volumes import DATA_VOLUMES_MAX
from hanza.wire.policy_shape import NearTo, PolicyDoc, Word

API_VERSION = "hanza.app/v1"
COMPONENTS_MAX = 1000
REPLICAS_MAX = 1_024
SCHEMA_ID = "https://hanza.example/schemas/app-v1.schema.json"

Name = Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
AppName = Annotated[Name, Meta(description="With a name it is placed all or none.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="Short for a residency.")]
_NAMES = {"ssh_keys": "sshKeys", "user_data": "userData"}
Amount = Annotated[str, Meta(pattern="^[0-9]{1,9}(Mi|Gi)$", examples=["96Mi", "2Gi"])]


class PortDoc(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A port of the site, and the port of the guest that it leads to; the same by default."""

    port: Annotated[int, Meta(ge=1, le=LAST)]
    to: Annotated[int, Meta(ge=1, le=LAST)] | UnsetType = UNSET


class VolumeOfDoc(Struct, forbid_unknown_fields=True):
    """A disk that outlives its replica, which finds it by its serial number."""

    name: Name
    size: Amount


class ComponentDoc(Struct, forbid_unknown_fields=True, omit_defaults=True, rename=_NAMES):
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
    hostname: (
        Annotated[Name, Meta(description="What the guest is called; its name by default.")]
        | UnsetType
    ) = UNSET
    ssh_keys: Annotated[
        list[Annotated[str, Meta(max_length=SSH_KEY_CHARACTERS_MAX)]],
        Meta(max_length=SSH_KEYS_MAX, description="Public keys as OpenSSH writes them."),
    ] = []
    user_data: Annotated[
        str, Meta(max_length=USER_DATA_BYTES_MAX, description="For cloud-init, at the first boot.")
    ] = ""
    ports: Annotated[
        list[PortDoc], Meta(max_length=PORTS_MAX, description="Published at the site's address.")
    ] = []
    volumes: Annotated[
        list[VolumeOfDoc],
        Meta(max_length=DATA_VOLUMES_MAX, description="Of each replica; kept when it ends."),
    ] = []


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
