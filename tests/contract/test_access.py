"""Who may call what, for every route there is: made from the route table, so none is left out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.gate import CallLimits
from hanza.api.route import BY_ROLE, KNOWN, OF_PROVIDER, OPERATOR, PUBLIC, Right, Route
from hanza.api.routes import BASE, ROUTES
from hanza.kit.buckets import Rate
from hanza.model.errors import Bug
from hanza.plan.access_roles import SYSTEM_ROLES
from hanza.plan.seca.access import ALL_VERBS
from hanza.wire.tokens import Bearer, Issuer, keys_from_seed
from kit.apis import OPERATOR as BY_OPERATOR
from kit.apis import TOKEN, an_api, bearer
from kit.leagues import League

ROLES = "/providers/seca.authorization/v1/tenants/acme"
UNLIMITED = CallLimits(Rate(0, 0), Rate(0, 0))
CLOSED = [route for route in ROUTES if route.permission != PUBLIC]
BY_ROLES = [route for route in CLOSED if route.permission == BY_ROLE]
NAMES = {"blob": "0" * 64, "region": "eu", "workspace": "shop"}


@dataclass(slots=True)
class World:
    """One plane for all tests here: acme with its users, and rival."""

    client: TestClient
    league: League
    users: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(self, method: str, path: str, document: Any = None, by: Any = BY_OPERATOR) -> Any:
        return self.client.request(method, path, json=document, headers=by)

    def must(self, method: str, path: str, document: Any = None) -> Any:
        answer = self.ask(method, path, document)
        assert answer.is_success, answer.text
        return answer

    def user(self, name: str, permission: dict[str, Any] | None) -> dict[str, str]:
        """Somebody of acme with a role of their own that has one permission, or with none."""
        if name not in self.users:
            spec: dict[str, Any] = {"grants": []}
            self.must("PUT", f"{BASE}/tenants/acme/users/{name}", {"spec": spec})
            if permission is not None:
                role = {"spec": {"permissions": [permission]}}
                self.must("PUT", f"{ROLES}/roles/{name}", role)
                given = {"subs": [name], "roles": [name], "scopes": [{"tenants": ["acme"]}]}
                self.must("PUT", f"{ROLES}/role-assignments/{name}", {"spec": given})
            self.users[name] = self.token(name)
        return self.users[name]

    def token(self, name: str, *tenants: str) -> dict[str, str]:
        now = self.league.clock.now()
        good = Bearer(name, tenants or ("acme",), now + timedelta(hours=1))
        return {"authorization": f"Bearer {self.league.plane.issuer.issue(good, now)}"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("access")
    with an_api(folder, calls=UNLIMITED) as (client, league):
        made = World(client, league)
        for name in ("acme", "rival"):
            made.must("PUT", f"{BASE}/tenants/{name}")
        yield made


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(route: Route, tenant: str = "acme") -> str:
    words = route.path.split("/")
    for at, word in enumerate(words):
        if word.startswith("{"):
            words[at] = NAMES.get(word[1:-1], "x")
            if word == "{tenant}":
                words[at] = tenant
    return "/".join(words)


def right(route: Route) -> Right:
    assert route.right is not None
    return route.right


def allowing(route: Route, verbs: list[str]) -> dict[str, Any]:
    """A permission of these verbs on what the route is about, and on nothing else."""
    resource = right(route).resource
    while "{" in resource:
        head, _, tail = resource.partition("{")
        resource = head + "*" + tail.partition("}")[2]
    return {"provider": right(route).provider, "resources": [resource], "verb": verbs}


def slug(route: Route, kind: str) -> str:
    return f"{kind}-{CLOSED.index(route)}"


def refused(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def is_admitted(answer: Any) -> bool:
    """Whether a handler had its say: whatever it said, it was not the gate's refusal."""
    if answer.status_code in (401, 403, 429) or answer.status_code >= 500:
        return False
    return answer.status_code != 404 or answer.json()["sources"] != [
        {"pointer": "/tenant", "parameter": ""}
    ]


@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_without_a_good_token_every_closed_route_is_closed(world: World, route: Route) -> None:
    league, path = world.league, filled(route)
    issuer, now = league.plane.issuer, league.clock.now()
    good = Bearer("ana", ("acme",), now + timedelta(hours=1))
    forger = Issuer(issuer.name, keys_from_seed(bytes(31) + b"1"))
    stranger = Issuer("fe_other", keys_from_seed(bytes(32)))
    head, body, signature = issuer.issue(good, now).split(".")
    tokens = [
        issuer.issue(Bearer("ana", ("acme",), now), now),
        forger.issue(good, now),
        stranger.issue(good, now),
        f"{head}.{body}.",
        f"{head}..{signature}",
        f"{body}.{head}.{signature}",
        "a.b.c",
        "wrong",
    ]
    headers = [f"Bearer {token}" for token in tokens]
    headers += ["", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}\u00e9"]
    for header in (None, *headers):
        by = {} if header is None else {"authorization": header.encode("latin-1")}
        answer = world.client.request(route.method, path, headers=by)
        assert refused(answer) == (401, "unauthenticated"), header
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", BY_ROLES, ids=named)
def test_another_tenant_is_not_there_at_all(world: World, route: Route) -> None:
    by = world.user("nothing", None)
    stranger = world.token("nobody-added-me")
    both = world.token("nothing", "acme", "rival")
    for tenant, who in (("rival", by), ("nobody", by), ("acme", stranger), ("rival", both)):
        answer = world.ask(route.method, filled(route, tenant), by=who)
        assert refused(answer) == (404, "not_found"), tenant
        assert answer.json()["detail"] == f"there is no tenant {tenant!r}"


@pytest.mark.parametrize("route", BY_ROLES, ids=named)
def test_a_role_without_the_right_is_forbidden_and_one_with_it_is_enough(
    world: World, route: Route
) -> None:
    verb = right(route).verb
    family = verb.partition(".")[0]
    others = sorted(ALL_VERBS - {verb, family})
    path = filled(route)
    nothing = world.user("nothing", None)
    assert refused(world.ask(route.method, path, by=nothing)) == (403, "forbidden")
    lacking = world.user(slug(route, "lacks"), allowing(route, others))
    assert refused(world.ask(route.method, path, by=lacking)) == (403, "forbidden")
    enough = world.user(slug(route, "has"), allowing(route, [family.upper()]))
    # Nothing said of a user is seca.admin, which one who lacks it cannot give.
    document = {"spec": {"grants": []}} if route.path.endswith("/users/{user}") else None
    answer = world.ask(route.method, path, document, by=enough)
    assert is_admitted(answer), answer.text


@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_what_is_nobodys_is_for_all_and_the_operators_for_the_operator(
    world: World, route: Route
) -> None:
    nothing = world.user("nothing", None)
    by_user = world.ask(route.method, filled(route), by=nothing)
    if route.permission == KNOWN:
        assert is_admitted(by_user)
    else:
        assert refused(by_user) == (403, "forbidden")
    if route.permission in (KNOWN, OPERATOR, OF_PROVIDER):
        assert is_admitted(world.ask(route.method, filled(route)))


@pytest.mark.parametrize("route", BY_ROLES, ids=named)
def test_the_operator_may_and_the_tenant_sees_it(world: World, route: Route) -> None:
    before = acted(world)
    answer = world.ask(route.method, filled(route))
    assert is_admitted(answer), answer.text
    told = acted(world)[len(before) :]
    if right(route).verb in ("get", "list"):
        assert len(told) <= 1, "looking is told once in a while"
        seen = " ".join(one["text"] for one in acted(world))
        assert f"looks at {right(route).resource.partition('/')[0]}" in seen
    else:
        (event,) = told
        assert right(route).verb in event["text"]


def acted(world: World) -> list[dict[str, Any]]:
    events = world.must("GET", f"{BASE}/events?after=0").json()["items"]
    while True:
        more = world.must("GET", f"{BASE}/events?after={events[-1]['serial']}").json()["items"]
        if not more:
            return [one for one in events if one["kind"] == "operator.acted"]
        events += more


def test_every_route_says_who_may_call_it() -> None:
    with pytest.raises(Bug):
        Route("GET", "/x", ROUTES[0].handler, "site:read")
    with pytest.raises(Bug):
        Route("GET", "/x", ROUTES[0].handler, BY_ROLE)
    assert {route.permission for route in ROUTES} == {
        PUBLIC,
        KNOWN,
        OPERATOR,
        OF_PROVIDER,
        BY_ROLE,
    }
    with pytest.raises(Bug):
        Route("GET", "/x", ROUTES[0].handler, OF_PROVIDER)


def test_every_verb_that_a_route_asks_for_can_be_given() -> None:
    assert {right(route).verb for route in BY_ROLES} <= ALL_VERBS


def test_rights_are_named_as_the_standard_names_them() -> None:
    named_so = {named(route): str(route.right) for route in BY_ROLES}
    compute = (
        "/r/{region}/providers/seca.compute/v1/tenants/{tenant}/workspaces/{workspace}/instances"
    )
    expected = {
        f"GET {compute}": "list `instances` of seca.compute/v1",
        f"GET {compute}/{{name}}": "get `instances/{name}` of seca.compute/v1",
        f"POST {compute}/{{name}}/start": "post.start `instances/{name}` of seca.compute/v1",
        f"POST {BASE}/tenants/{{tenant}}/workspaces/{{workspace}}/quotes": (
            "post `quotes` of hanza.federation/v1"
        ),
        f"GET {BASE}/tenants/{{tenant}}": "get `tenants/{tenant}` of hanza.federation/v1",
    }
    assert {name: named_so[name] for name in expected} == expected


SYSTEM = {
    "seca.admin": (1, 1, 1, 1, 1, 1),
    "seca.region-admin": (1, 1, 1, 1, 0, 1),
    "seca.workspace-admin": (1, 1, 1, 1, 0, 0),
    "seca.workspace-editor": (1, 1, 0, 0, 0, 0),
    "seca.workspace-viewer": (1, 0, 0, 0, 0, 0),
    "hanza.auditor": (1, 0, 0, 0, 0, 1),
}


@pytest.mark.parametrize("role", [role.name for role in SYSTEM_ROLES])
def test_what_each_role_of_the_system_is_for(world: World, role: str) -> None:
    name = "is-" + role.replace(".", "-")
    grants = {"grants": [{"role": role}]}
    world.must("PUT", f"{BASE}/tenants/acme/users/{name}", {"spec": grants})
    by = world.token(name)
    own = f"{BASE}/tenants/acme/workspaces/shop"
    workspace = "/r/eu/providers/seca.workspace/v1/tenants/acme/workspaces/none"
    asked = (
        ("GET", f"{own}/instances"),
        ("PUT", f"{own}/instances/web"),
        ("PUT", f"{own}/policy"),
        ("DELETE", workspace),
        ("PUT", f"{BASE}/tenants/acme/users/x"),
        ("GET", f"{ROLES}/roles"),
    )
    may = tuple(int(is_admitted(world.ask(method, path, by=by))) for method, path in asked)
    assert may == SYSTEM[role]


def test_who_is_bound_to_a_workspace_may_there_only(world: World) -> None:
    grants = [{"role": "seca.workspace-editor", "workspace": "shop"}]
    world.must("PUT", f"{BASE}/tenants/acme/users/bound", {"spec": {"grants": grants}})
    by, base = world.token("bound"), f"{BASE}/tenants/acme"
    seca = "/r/eu/providers/seca.{}/v1/tenants/acme/{}"
    for path, may in (
        (f"{base}/workspaces/shop/instances", True),
        (f"{base}/workspaces/other/instances", False),
        (f"{base}/instances", False),
        (base, True),
        (seca.format("compute", "skus"), True),
        (seca.format("storage", "images"), True),
        (seca.format("workspace", "workspaces/shop"), True),
        (seca.format("workspace", "workspaces/other"), False),
        (seca.format("workspace", "workspaces"), False),
    ):
        assert is_admitted(world.ask("GET", path, by=by)) == may, path


def test_who_makes_a_workspace_may_do_all_in_it_and_the_next_maker_inherits_nothing(
    world: World,
) -> None:
    maker = {
        "provider": "seca.workspace/v1",
        "resources": ["workspaces"],
        "verb": ["put", "delete", "get"],
    }
    ana, bob = world.user("maker-ana", maker), world.user("maker-bob", maker)
    place = "/r/eu/providers/seca.workspace/v1/tenants/acme/workspaces/made"
    inside = f"{BASE}/tenants/acme/workspaces/made/instances"
    assert world.ask("GET", inside, by=ana).status_code == 403
    assert world.ask("PUT", place, {"spec": {}}, ana).status_code == 201
    assert world.ask("GET", inside, by=ana).status_code == 200
    assert world.ask("GET", inside, by=bob).status_code == 403
    assert world.ask("DELETE", place, by=ana).status_code == 202
    assert world.ask("GET", inside, by=ana).status_code == 403
    assert world.ask("PUT", place, {"spec": {}}, bob).status_code == 201
    assert world.ask("GET", inside, by=bob).status_code == 200
    assert world.ask("GET", inside, by=ana).status_code == 403


def test_a_tokens_scope_only_narrows(world: World) -> None:
    spec = {"subject": "narrow", "tenants": ["acme"], "scope": {"workspaces": ["shop"]}}
    token = world.must("POST", f"{BASE}/tokens", {"spec": spec}).json()
    assert token["added"] == ["acme"]
    by = {"authorization": f"Bearer {token['token']}"}
    workspaces = f"{BASE}/tenants/acme/workspaces"
    assert world.ask("GET", f"{workspaces}/shop/instances", by=by).status_code == 200
    assert world.ask("GET", f"{workspaces}/other/instances", by=by).status_code == 403
    wide = world.must("POST", f"{BASE}/tokens", {"spec": {**spec, "scope": None}}).json()
    assert wide["added"] == []
    by = {"authorization": f"Bearer {wide['token']}"}
    assert world.ask("GET", f"{workspaces}/other/instances", by=by).status_code == 200


def test_roles_of_the_system_are_nobodys_to_change(world: World) -> None:
    spec = {"permissions": [{"provider": "seca.compute/v1", "resources": ["*"], "verb": ["get"]}]}
    by = bearer(world.league, "all-may", "acme")
    answer = world.ask("PUT", f"{ROLES}/roles/seca.workspace-viewer", {"spec": spec}, by)
    assert answer.status_code == 412


def test_who_writes_who_may_what_gives_no_more_than_they_have(world: World) -> None:
    verbs = ["get", "list", "put", "delete"]
    writes = {"provider": "*", "resources": ["roles", "role-assignments", "users"], "verb": verbs}
    both = [writes | {"provider": one} for one in ("seca.authorization/v1", "hanza.federation/v1")]
    by = world.user("clerk", both[0])
    world.must("PUT", f"{ROLES}/roles/clerk", {"spec": {"permissions": both}})
    users = f"{BASE}/tenants/acme/users"
    reads = {"provider": "seca.compute/v1", "resources": ["instances"], "verb": ["get"]}

    def assigned(*roles: str, **scope: list[str]) -> dict[str, Any]:
        return {"spec": {"subs": ["clerk"], "roles": roles, "scopes": [scope]}}

    for path, document in (
        (f"{ROLES}/role-assignments/own", assigned("seca.admin")),
        (f"{ROLES}/role-assignments/own", assigned("clerk", "seca.workspace-viewer")),
        (f"{ROLES}/role-assignments/own", assigned("seca.admin", workspaces=["shop"])),
        (f"{ROLES}/role-assignments/clerk", assigned("seca.admin")),
        (f"{ROLES}/roles/clerk", {"spec": {"permissions": [*both, reads]}}),
        (f"{users}/clerk", {"spec": {}}),
        (f"{users}/clerk", None),
        (f"{users}/accomplice", {"spec": {"grants": [{"role": "seca.admin"}]}}),
    ):
        assert refused(world.ask("PUT", path, document, by)) == (403, "forbidden"), document
    assert world.ask("GET", f"{BASE}/tenants/acme/instances", by=by).status_code == 403
    own = {"spec": {"permissions": [both[0] | {"verb": ["get"]}]}}
    assert world.ask("PUT", f"{ROLES}/roles/less", own, by).status_code == 201
    assert world.ask("PUT", f"{ROLES}/role-assignments/more", assigned("less"), by).is_success
    mate = {"spec": {"grants": [{"role": "clerk", "workspace": "shop"}]}}
    assert world.ask("PUT", f"{users}/mate", mate, by).status_code == 201
    admin = world.user("all-powerful", None)
    spec = {"spec": {"grants": [{"role": "seca.admin"}]}}
    world.must("PUT", f"{users}/all-powerful", spec)
    assert world.ask("PUT", f"{users}/second", spec, admin).status_code == 201
    assert world.ask("PUT", f"{ROLES}/role-assignments/x", assigned("seca.admin"), admin).is_success


def test_what_one_may_not_read_in_another_workspace_is_not_there_to_refer_to(
    world: World,
) -> None:
    grants = [{"role": "seca.workspace-editor", "workspace": "mine"}]
    world.must("PUT", f"{BASE}/tenants/acme/users/inside", {"spec": {"grants": grants}})
    by, base = world.token("inside"), "/r/eu/providers/seca.{}/v1/tenants/acme/workspaces/{}"
    for name in ("mine", "theirs"):
        world.must("PUT", base.format("workspace", name), {"spec": {}})
    rule = {"direction": "ingress", "protocol": "tcp"}
    for name in ("mine", "theirs"):
        there = f"{base.format('network', name)}/security-group-rules/known"
        world.must("PUT", there, {"spec": rule})
    group = f"{base.format('network', 'mine')}/security-groups/g"

    def wish(**reference: str) -> dict[str, Any]:
        return {"spec": {"ruleRefs": [{"resource": "security-group-rules/known", **reference}]}}

    assert world.ask("PUT", group, wish(), by).status_code == 201
    for document in (
        wish(workspace="theirs"),
        wish(workspace="nowhere"),
        wish(resource="workspaces/theirs/security-group-rules/known"),
    ):
        answer = world.ask("PUT", group, document, by)
        assert refused(answer)[0] == 412
        assert answer.json()["detail"] == "there is no security-group-rule 'known'"
    viewer = {"spec": {"grants": [*grants, {"role": "seca.workspace-viewer"}]}}
    world.must("PUT", f"{BASE}/tenants/acme/users/inside", viewer)
    assert world.ask("PUT", group, wish(workspace="theirs"), by).status_code == 200
