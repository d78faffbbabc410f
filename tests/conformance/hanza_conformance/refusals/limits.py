"""Documents beyond a limit: one row for each limit of each kind."""

from hanza_conformance.kinds import KINDS, a_rule
from hanza_conformance.refusals.shape import Refusal, Spoil, misnamed, setting, spoiled

LABEL, ANNOTATION, NAME = 63, 1024, 128

# A port of 0 reaches a server as an empty object: Go's clients leave zeroes out.
_RULE: tuple[tuple[str, tuple[tuple[str, object], ...]], ...] = (
    ("direction-unknown", (("direction", "sideways"),)),
    ("version-unknown", (("version", "IPv5"),)),
    ("protocol-unknown", (("protocol", "sctp"),)),
    ("ports.from-too-large", (("ports", {"from": 65536}),)),
    ("ports.from-too-small", (("ports", {}), ("ports", {"from": 0, "to": 80}))),
    ("ports.to-too-large", (("ports", {"from": 80, "to": 65536}),)),
    ("ports.to-too-small", (("ports", {}), ("ports", {"to": 0}))),
    ("ports.list-too-large", (("ports", {"list": [65536]}),)),
    ("ports.list-too-small", (("ports", {"list": [0]}),)),
    ("icmp.type-too-large", (("icmp", {"type": 9, "code": 0}),)),
    ("icmp.code-too-large", (("icmp", {"type": 0, "code": 6}),)),
)


def _rule_forms(name: str, forms: tuple[tuple[str, object], ...]) -> list[dict[str, object]]:
    rule = a_rule()
    if name.startswith("icmp"):
        rule = {name: rule[name] for name in ("direction", "version")} | {"protocol": "icmp"}
    return [rule | {member: value} for member, value in forms]


def _rules(inside: str) -> dict[str, tuple[Spoil, ...]]:
    """The limits of a rule, at `spec` or inside a list of it."""
    return {
        name: tuple(setting(inside, rule) for rule in _rule_forms(name, forms))
        for name, forms in _RULE
    }


def _texts(path: str, limit: int, name: str) -> dict[str, tuple[Spoil, ...]]:
    return {f"{name}-too-long": (setting(path, "x" * (limit + 1)),)}


def _sequence(path: str, name: str, most: int, item: object) -> dict[str, tuple[Spoil, ...]]:
    """Empty, and too many."""
    return {
        f"{name}-empty": (setting(path, []),),
        f"{name}-too-many": (setting(path, [item] * (most + 1)),),
    }


def _scopes(member: str, most: int) -> dict[str, tuple[Spoil, ...]]:
    path = f"spec.scopes[0].{member}"
    return {
        f"scope-{member}-value-empty": (setting(path, [""]),),
        f"scope-{member}-too-many": (setting(path, ["x"] * (most + 1)),),
    }


def _network() -> dict[str, tuple[Spoil, ...]]:
    limits = (("ipv4", 18, 9), ("ipv6", 43, 4))
    rows: dict[str, tuple[Spoil, ...]] = {}
    for member, most, least in limits:
        long, short = "1" * (most + 1), "1" * (least - 1)
        rows[f"cidr.{member}-too-long"] = (setting(f"spec.cidr.{member}", long),)
        rows[f"cidr.{member}-too-short"] = (setting(f"spec.cidr.{member}", short),)
        more = "spec.additionalCidrs"
        rows[f"additionalCidrs.{member}-too-long"] = (setting(more, [{member: long}]),)
        rows[f"additionalCidrs.{member}-too-short"] = (setting(more, [{member: short}]),)
    cidrs = [{"ipv4": f"10.200.{number}.0/24"} for number in range(33)]
    rows["additionalCidrs-too-many"] = (setting("spec.additionalCidrs", cidrs),)
    return rows


_PERMISSION = {"provider": "seca.compute/v1", "resources": ["instances/*"], "verb": ["GET"]}
_DEVICE = {"deviceRef": {"resource": "block-storages/data"}}
_ROUTE = {"destinationCidrBlock": "10.9.0.0/24", "targetRef": {"resource": "instances/x"}}
_SCOPE = {"tenants": ["x"]}

LIMITS: dict[str, dict[str, tuple[Spoil, ...]]] = {
    "role": {
        **_texts("spec.permissions[0].provider", 64, "permission-provider"),
        "permission-resource-too-long": (setting("spec.permissions[0].resources", ["x" * 257]),),
        "permission-verb-too-long": (setting("spec.permissions[0].verb", ["GETGETGE"]),),
        **_sequence("spec.permissions", "permissions", 256, _PERMISSION),
        "permission-provider-empty": (setting("spec.permissions[0].provider", ""),),
        **_sequence("spec.permissions[0].resources", "permission-resources", 256, "instances/*"),
        "permission-resource-value-empty": (setting("spec.permissions[0].resources", [""]),),
        **_sequence("spec.permissions[0].verb", "permission-verbs", 16, "GET"),
        "permission-verb-value-empty": (setting("spec.permissions[0].verb", [""]),),
    },
    "role-assignment": {
        "sub-too-long": (setting("spec.subs", ["x" * 129]),),
        "role-name-too-long": (setting("spec.roles", ["x" * 65]),),
        "scope-tenant-too-long": (setting("spec.scopes[0].tenants", ["x" * 65]),),
        "scope-region-too-long": (setting("spec.scopes[0].regions", ["x" * 65]),),
        "scope-workspace-too-long": (setting("spec.scopes[0].workspaces", ["x" * 65]),),
        **_sequence("spec.roles", "roles", 32, "x"),
        "role-value-empty": (setting("spec.roles", [""]),),
        **_sequence("spec.subs", "subs", 256, "x"),
        "sub-value-empty": (setting("spec.subs", [""]),),
        **_sequence("spec.scopes", "scopes", 256, _SCOPE),
        **_scopes("tenants", 64),
        **_scopes("regions", 64),
        **_scopes("workspaces", 256),
    },
    "instance": {
        **_texts("spec.userData", 65536, "userData"),
        **_texts("spec.antiAffinityGroup", 64, "antiAffinityGroup"),
        "sshKey-too-long": (setting("spec.sshKeys", ["ssh-ed25519 " + "A" * 4096]),),
        "sshKeys-too-many": (setting("spec.sshKeys", ["ssh-ed25519 AAAA"] * 33),),
        "sshKey-value-empty": (setting("spec.sshKeys", [""]),),
        **_texts("spec.zone", 32, "zone"),
        "zone-empty": (setting("spec.zone", ""),),
        "dataVolumes-too-many": (setting("spec.dataVolumes", [_DEVICE] * 65),),
    },
    "internet-gateway": {},
    "network": _network(),
    "nic": {"address-too-long": (setting("spec.addresses", ["1" * 40]),)},
    "public-ip": {"address-too-long": (setting("spec.address", "1" * 40),)},
    "routing-table": {
        "destinationCidrBlock-too-long": (
            setting("spec.routes[0].destinationCidrBlock", "1" * 44),
        ),
        **_sequence("spec.routes", "routes", 1000, _ROUTE),
    },
    "security-group": _rules("spec.rules[0]"),
    "security-group-rule": _rules("spec"),
    "subnet": _texts("spec.zone", 32, "zone"),
    "block-storage": {
        "sizeGB-too-large": (setting("spec.sizeGB", 1_000_001),),
        "sizeGB-too-small": (setting("spec.sizeGB", 0),),
    },
    "image": {
        "cpuArchitecture-unknown": (setting("spec.cpuArchitecture", "riscv64"),),
        "initializer-unknown": (setting("spec.initializer", "ignition"),),
        "boot-unknown": (setting("spec.boot", "NETWORK"),),
    },
    "workspace": {},
}


def limit_refusals() -> dict[str, tuple[str, tuple[Refusal, ...]]]:
    """By scenario: the kind, and what has to be refused of it."""
    return {
        f"{kind.title}ConstraintsValidation": (kind.name, _refusals_of(kind.name)) for kind in KINDS
    }


def _refusals_of(kind: str) -> tuple[Refusal, ...]:
    usual = (
        misnamed("name-too-long", kind, "a" * (NAME + 1)),
        misnamed("name-not-in-pattern", kind, "Not_A-Name"),
        spoiled("label-too-long", kind, setting("labels", {"k": "v" * (LABEL + 1)})),
        spoiled("annotation-too-long", kind, setting("annotations", {"k": "v" * (ANNOTATION + 1)})),
    )
    own = tuple(spoiled(name, kind, *spoils) for name, spoils in LIMITS[kind].items())
    return (*usual, *own)
