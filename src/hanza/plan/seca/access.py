"""What a role may allow and an assignment may name: what the shape of a spec does not say.

Pure.  Whether a request is allowed is not decided here.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from hanza.model import kinds
from hanza.model.errors import Invalid
from hanza.model.resource import Json
from hanza.model.tenant import References
from hanza.plan.access_roles import SYSTEM_ROLE_NAMES
from hanza.plan.seca.envelope import check_name, is_reserved

VERBS = ("get", "list", "put", "delete", "post")
ACTIONS = tuple(sorted({action for kind in kinds.KINDS for action in kind.actions}))
OURS = ("console", "port")
"""What the federation's own API has beside the standard's actions."""
ALL_VERBS = frozenset({*VERBS, *(f"post.{action}" for action in (*ACTIONS, *OURS))})
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Known:
    """What an assignment can name, where it is looked up."""

    tenant: str
    regions: Collection[str]
    strangers: Collection[str]
    """Those of its subjects whom nobody knows."""
    roles: Collection[str]
    """Those of the tenant's own that it names and that are there."""


def check_role(spec: Json) -> None:
    """Raises `Invalid` for a provider or verb that there is not."""
    permissions: Any = spec["permissions"]
    for number, one in enumerate(permissions):
        where = f"spec.permissions.{number}"
        if one["provider"] not in kinds.PROVIDERS:
            known = ", ".join(sorted(kinds.PROVIDERS))
            raise Invalid(
                f"there is no provider {one['provider']!r}",
                field=f"{where}.provider",
                hint=f"one of {known}",
            )
        for at, verb in enumerate(one["verb"]):
            if verb.lower() not in ALL_VERBS:
                raise Invalid(
                    f"{verb!r} is not a verb",
                    field=f"{where}.verb.{at}",
                    hint=f"one of {', '.join(sorted(ALL_VERBS))}, in either case",
                )


def check_assignment(spec: Json, known: Known, policy: References) -> None:
    """Raises `Invalid` for a subject, tenant, region or role that there is not.

    Workspaces may come into being later; with the policy `deferred`, so may roles.  Another
    tenant is refused as one that is none: an assignment gives nothing there.
    """
    for number, sub in enumerate(_texts(spec["subs"])):
        if sub in known.strangers:
            raise Invalid(f"nobody is known as {sub!r}", field=f"spec.subs.{number}")
    scopes: Any = spec["scopes"]
    for number, scope in enumerate(scopes):
        for tenant in scope.get("tenants") or ():
            if tenant != known.tenant:
                raise Invalid(f"there is no tenant {tenant!r}", field=f"spec.scopes.{number}")
        for region in scope.get("regions") or ():
            if region not in known.regions:
                raise Invalid(f"there is no region {region!r}", field=f"spec.scopes.{number}")
    for number, role in enumerate(_texts(spec["roles"])):
        field = f"spec.roles.{number}"
        check_name(role, kinds.ID_CHARACTERS_MAX, field)
        is_there = role in SYSTEM_ROLE_NAMES or role in known.roles
        if not is_there and (policy == "strict" or is_reserved(kinds.ROLE, role)):
            raise Invalid(f"there is no role {role!r}", field=field)


def _texts(value: object) -> Iterator[str]:
    assert isinstance(value, list), "the shape was checked"
    yield from value
