"""The one table of what tenants can name: for each kind its place in the API, limits, references.

Routes, checks, documents and the published OpenAPI pages are all made from it; no kind is told
anywhere a second time.  One module for each provider.
"""

from hanza.model.kinds.activity import ACTIVITY_LOG
from hanza.model.kinds.authorization import ROLE, ROLE_ASSIGNMENT
from hanza.model.kinds.compute import INSTANCE, INSTANCE_SKU
from hanza.model.kinds.kind import (
    ANNOTATION_CHARACTERS_MAX,
    CONDITIONS_MAX,
    ID_CHARACTERS_MAX,
    INSIDE,
    KEY_CHARACTERS_MAX,
    LABEL_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    NAME_PATTERN,
    URN_CHARACTERS_MAX,
    VERSION,
    WORDS_MAX,
    Action,
    Kind,
    Scope,
)
from hanza.model.kinds.network import (
    INTERNET_GATEWAY,
    NETWORK,
    NETWORK_SKU,
    NIC,
    PUBLIC_IP,
    ROUTING_TABLE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SUBNET,
)
from hanza.model.kinds.region import REGION
from hanza.model.kinds.storage import BLOCK_STORAGE, IMAGE, STORAGE_SKU
from hanza.model.kinds.workspace import WORKSPACE

__all__ = [
    "ACTIVITY_LOG",
    "ANNOTATION_CHARACTERS_MAX",
    "BLOCK_STORAGE",
    "BY_NAME",
    "CONDITIONS_MAX",
    "ID_CHARACTERS_MAX",
    "IMAGE",
    "INSIDE",
    "INSTANCE",
    "INSTANCE_SKU",
    "INTERNET_GATEWAY",
    "KEY_CHARACTERS_MAX",
    "KINDS",
    "LABEL_CHARACTERS_MAX",
    "NAME_CHARACTERS_MAX",
    "NAME_PATTERN",
    "NETWORK",
    "NETWORK_SKU",
    "NIC",
    "PROVIDERS",
    "PUBLIC_IP",
    "REGION",
    "ROLE",
    "ROLE_ASSIGNMENT",
    "ROUTING_TABLE",
    "SECURITY_GROUP",
    "SECURITY_GROUP_RULE",
    "STORAGE_SKU",
    "SUBNET",
    "URN_CHARACTERS_MAX",
    "VERSION",
    "WORDS_MAX",
    "WORKSPACE",
    "Action",
    "Kind",
    "Scope",
]

KINDS = (
    REGION,
    ROLE,
    ROLE_ASSIGNMENT,
    WORKSPACE,
    INSTANCE_SKU,
    INSTANCE,
    STORAGE_SKU,
    IMAGE,
    BLOCK_STORAGE,
    NETWORK_SKU,
    NETWORK,
    SUBNET,
    ROUTING_TABLE,
    INTERNET_GATEWAY,
    NIC,
    PUBLIC_IP,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    ACTIVITY_LOG,
)
BY_NAME = {kind.name: kind for kind in KINDS}
PROVIDERS = frozenset(kind.urn_provider for kind in KINDS) | {"hanza.federation/v1"}
"""What a role can give permissions of: the standard's providers that are here, and our own."""
