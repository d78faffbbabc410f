"""Workspaces: what a tenant's other resources are in."""

from hanza.model.fields import Free, Member, Record, Whole
from hanza.model.kinds.kind import Kind

WORKSPACE = Kind(
    name="workspace",
    provider="seca.workspace",
    collection="workspaces",
    scope="tenant",
    spec=Free(),
    status=Record((Member("resourceCount", Whole(0)),)),
)
