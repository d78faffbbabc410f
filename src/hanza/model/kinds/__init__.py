"""The one table of what tenants can name: for each kind its place in the API, limits, references.

Routes, checks, documents and the published OpenAPI pages are all made from it; no kind is told
anywhere a second time.  One module for each provider.
"""

from hanza.model.kinds.authorization import ROLE, ROLE_ASSIGNMENT
from hanza.model.kinds.compute import INSTANCE, INSTANCE_SKU
from hanza.model.kinds.kind import (
    ANNOTATION_CHARACTERS_MAX,
    CONDITIONS_MAX,
    ID_CHARACTERS_MAX,
    LABEL_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    NAME_PATTERN,
    URN_CHARACTERS_MAX,
    VERSION,
    Action,
    Kind,
    Scope,
)
from hanza.model.kinds.region import REGION
from hanza.model.kinds.storage import BLOCK_STORAGE, IMAGE, STORAGE_SKU
from hanza.model.kinds.workspace import WORKSPACE

__all__ = [
    "ANNOTATION_CHARACTERS_MAX",
    "BLOCK_STORAGE",
    "BY_NAME",
    "CONDITIONS_MAX",
    "ID_CHARACTERS_MAX",
    "IMAGE",
    "INSTANCE",
    "INSTANCE_SKU",
    "KINDS",
    "LABEL_CHARACTERS_MAX",
    "NAME_CHARACTERS_MAX",
    "NAME_PATTERN",
    "PROVIDERS",
    "REGION",
    "ROLE",
    "ROLE_ASSIGNMENT",
    "STORAGE_SKU",
    "URN_CHARACTERS_MAX",
    "VERSION",
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
)
BY_NAME = {kind.name: kind for kind in KINDS}
PROVIDERS = frozenset(kind.urn_provider for kind in KINDS) | {"hanza.federation/v1"}
"""What a role can give permissions of: the standard's providers that are here, and our own."""
