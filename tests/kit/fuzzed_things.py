"""What a fuzzed plane has, and good bodies of every operation that takes one: without them most
of what is made at random would be refused at its first member."""

import copy
import hashlib
from typing import Any

from hypothesis import strategies as st

from kit.standard import a_storage, an_instance
from kit.standard_kinds import CASES

BLOB = b"hello"
DIGEST = hashlib.sha256(BLOB).hexdigest()
OWN = {"tenant": "acme", "workspace": "shop", "region": "de", "network": "net", "blob": DIGEST}
"""What is there and stays there, by the name of the parameter."""
THERE = {
    "image": "tiny",
    "instance": "web",
    "probe": "thing",
    "provider": "berlin",
    "site": "berlin",
    "volume": "data",
}
"""What is asked for or acted on, where it is not `name`."""
BY_COLLECTION = {
    "block-storages": ("boot",),
    "images": ("thing", "tiny"),
    "instances": ("thing",),
    "internet-gateways": ("gate",),
    "networks": ("net",),
    "nics": ("card",),
    "public-ips": ("door",),
    "regions": ("de", "eu"),
    "route-tables": ("main",),
    "security-group-rules": ("web",),
    "security-groups": ("shop",),
    "skus": ("hanza.s", "hanza.local", "hanza.best-effort"),
    "subnets": ("front",),
    "workspaces": ("shop",),
}
"""Names of the standard's resources that are there, by collection."""
NEEDS = {
    "hanza.federation.grantClient": ("hanza.federation.putClient",),
    "seca.compute.startInstance": ("seca.compute.stopInstance",),
    "seca.compute.stopInstance": ("seca.compute.startInstance",),
}
"""What has to be asked before, where the path does not say it."""
STRANGE = (
    *("rival", "nobody", "x" * 300, "-", "'--", "%2e%2e", "%00", "%20", "%ff", "%C3%84"),
    *("a%2Fb", "a%3Fb%23c", "%F0%9F%98%80", "%ED%A0%80", "%u0000", "%"),
)
"""Names as they stand in a URL."""
CHANGED = {
    "agent": "no-such-agent",
    "instance": "own",  # not `thing`, which the standard's has already
    "kid": "no-such-key",
    "user": "eve",
    "volume": "data",
}
"""Who would change or end one that is needed does it to another; `thing` where nothing is said."""
PLACE = {"country": "DE", "city": "Aachen", "latitude": 50.8, "longitude": 6.1}
GUEST = {
    "country": "DE",
    "image": "tiny",
    "cpus": 1,
    "memoryMiB": 128,
    "diskMiB": 64,
    "policy": {"residency": ["EU"], "near": ["Ljubljana"], "caps": {"price": 30}},
    "ports": [{"port": 8080, "to": 80}],
    "volumes": [{"name": "data", "sizeMiB": 8}],
}
POLICY = {
    "residency": {"allow": ["EU", "CH"], "deny": ["HU"]},
    "providers": {"deny": ["elsewhere"]},
    "classes": ["micro_dc"],
    "require": [{"provider": "certifications", "all": ["iso_27001"]}],
    "near": ["Ljubljana", {"city": "Amsterdam", "maxMs": 25}, {"latitude": 46.1, "longitude": 14}],
    "spread": [{"over": "site", "min": 2}, {"over": "provider", "prefer": True}],
    "goals": {"price": 2, "carbon": 1},
    "caps": {"price": 30.0, "carbon": 300},
}
PRICES = {"cpuHour": 1000, "gibHour": 10, "diskGibHour": 1}
OF_THE_FEDERATION: dict[str, Any] = {
    "putProvider": {
        "spec": {"title": "T", "prices": PRICES, "attributes": {"certifications": ["iso_27001"]}}
    },
    "invite": {"spec": {"sites": [{"name": "thing", **PLACE}], "validForSeconds": 60}},
    "withdraw": {"spec": {"sites": ["thing"], "dryRun": False}},
    "putSite": {"spec": {"provider": "berlin", "class": "micro_dc", "attributes": {}, **PLACE}},
    "setClaimEnd": {
        "spec": {
            "provider": "berlin",
            "attribute": "certifications",
            "value": "iso_27001",
            "until": "2098-01-01T00:00:00Z",
        }
    },
    "putProbe": {
        "spec": {"host": "probe.example.org", "port": 443, "latitude": 50, "longitude": 6}
    },
    "putClient": {"spec": {"host": "client.example.org", "port": 443, "city": "Ljubljana"}},
    "putImage": {
        "spec": {"kernel": f"sha256:{DIGEST}", "initrd": f"sha256:{DIGEST}", "cmdline": "quiet"}
    },
    "putTerms": {"spec": {"each": {"instances": 3}, "deny": {"tenants": ["nobody"]}}},
    "putDirectory": {"urls": ["https://plane.example:7443"]},
    "putProviderUser": {"spec": {"role": "viewer"}},
    "actOnOwnSites": {"spec": {"act": "cordon", "where": {"site": ["berlin"]}, "dryRun": True}},
    "actOnAnySites": {"spec": {"act": "drain", "where": {"country": ["DE"]}, "dryRun": True}},
    "putHours": {"spec": {"zone": "Europe/Berlin", "open": ["daily 00:00-24:00"]}},
    "announceMaintenance": {
        "spec": {"from": "2098-01-01T00:00:00Z", "until": "2098-01-02T00:00:00Z", "text": "fans"}
    },
    "confirmEndings": {"spec": {"dryRun": True}},
    "suspendProvider": {"spec": {"why": "holidays", "dryRun": True}},
    "resumeProvider": {"spec": {"dryRun": True}},
    "announcePrices": {"spec": {"prices": PRICES, "from": "2098-01-01T00:00:00Z"}},
    "putAlertHook": {"spec": {"url": "https://alerts.example/hanza", "isPrivate": False}},
    "putUpdatePolicy": {"spec": {"consent": "asked"}},
    "giveUpdateWord": {"spec": {"release": "0.2.0"}},
    "addRelease": {"spec": {"statement": "", "key": "A" * 43 + "=", "signature": "A" * 86 + "=="}},
    "startRollout": {"spec": {"release": "0.2.0", "rings": [{"all": True}], "dryRun": True}},
    "actOnRollout": {"spec": {"act": "halt", "why": "lunch"}},
    "putTenant": {"spec": {"references": "deferred"}},
    "putPolicyOfTenant": {"spec": {"residency": ["EU"]}},
    "putPolicyOfWorkspace": {"spec": POLICY},
    "putQuotaOfTenant": {"spec": {"cpus": 1000, "instances": None}},
    "putQuotaOfWorkspace": {"spec": {"cpus": 100, "storageMiB": 10**9}},
    "issueToken": {
        "spec": {
            "subject": "eve",
            "tenants": ["acme"],
            "validForSeconds": 60,
            "scope": {"tenants": ["acme"], "workspaces": ["shop"]},
        }
    },
    "retireSigningKey": {"force": True},
    "putIssuer": {
        "spec": {"url": "http://127.0.0.1:9/", "audience": "hanza", "client": "c", "tenant": "acme"}
    },
    "putUser": {"spec": {"grants": [{"role": "hanza.auditor", "workspace": "shop"}]}},
    "putInstance": {"spec": GUEST},
    "putApp": {"instances": {"thing-1": GUEST, "thing-2": GUEST | {"ports": []}}, "keep": True},
    "quote": {"instances": {"thing-1": GUEST | {"app": "thing"}}, "app": "thing"},
}
STANDARD = [
    *((case.kind.collection, dict(spec)) for case in CASES for spec in (case.good, case.other)),
    ("block-storages", a_storage()),
    ("instances", an_instance()),
]
HOSTILE = st.sampled_from(
    [
        *(None, True, 0, -1, 1, 0.5, -0.0, 1e308, 2**31, 2**63, 2**64, 10**400),
        *("", " ", "x", "\0", "\ud800", "Ä", "\u202e", "x" * 129, "x" * 5000, "../..", "sha256:"),
        *("1970-01-01T00:00:00Z", "٣", "9" * 30, "EU", "{}", "public"),
        *([], [None], [[]], ["x"] * 200, {}, {"": None}, {"x" * 2000: 1}),
    ]
)


def good_bodies(operation_id: str, path: str) -> list[Any]:
    """What is taken where the world is as `kit.fuzzing` makes it; the name comes with the path."""
    own = OF_THE_FEDERATION.get(operation_id)
    if own is not None:
        return [own]
    words = path.split("/")
    return [
        {"spec": spec, "labels": {"a": "b"}, "annotations": {"why": "it is so"}}
        for collection, spec in STANDARD
        if len(words) > 1 and words[-2] == collection
    ]


@st.composite
def nearly_good(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """A good body with a hostile value in one place, or with a member more or less."""
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    node, at = draw(st.sampled_from(list(_places(body))))
    match draw(st.integers(0, 5)):
        case 0:
            del node[at]
        case 1 if isinstance(node, dict):
            node[draw(st.sampled_from(["x", "", "spec", "__proto__", "\0"]))] = draw(HOSTILE)
        case _:
            node[at] = draw(HOSTILE)
    return body


def _places(node: Any) -> Any:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for at, below in items:
        yield node, at
        if isinstance(below, dict | list):
            yield from _places(below)
