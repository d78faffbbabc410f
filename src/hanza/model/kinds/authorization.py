"""Roles, and who has them where.  Of no region: they are one list for the whole federation."""

from hanza.model.fields import Many, Member, Record, Text
from hanza.model.kinds.kind import NOTHING, Kind

VERB_CHARACTERS_MAX = 12
"""As long as `post.restart`; the standard's schema has 7, which its own words have no room in."""

_PERMISSION = Record(
    (
        Member("provider", Text(1, 64), is_required=True),
        Member("resources", Many(Text(1, 256), 256, 1), is_required=True),
        Member("verb", Many(Text(1, VERB_CHARACTERS_MAX), 16, 1), is_required=True),
    )
)
_SCOPE = Record(
    (
        Member("regions", Many(Text(1, 64), 64)),
        Member("tenants", Many(Text(1, 64), 64)),
        Member("workspaces", Many(Text(1, 64), 256)),
    )
)

ROLE = Kind(
    name="role",
    provider="seca.authorization",
    collection="roles",
    scope="global-tenant",
    spec=Record((Member("permissions", Many(_PERMISSION, 256, 1), is_required=True),)),
    status=NOTHING,
    reserved=("seca.", "hanza."),
)

ROLE_ASSIGNMENT = Kind(
    name="role-assignment",
    provider="seca.authorization",
    collection="role-assignments",
    scope="global-tenant",
    spec=Record(
        (
            Member("roles", Many(Text(1, 64), 32, 1), is_required=True),
            Member("scopes", Many(_SCOPE, 256, 1), is_required=True),
            Member("subs", Many(Text(1, 128), 256, 1), is_required=True),
        )
    ),
    status=NOTHING,
)
