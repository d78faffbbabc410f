"""Networks and all that is in them.

What is asked for is kept, checked and shown; hosts carry none of it so far.
"""

from hanza.model.fields import (
    Address,
    Block,
    Flag,
    Many,
    Member,
    Record,
    Reference,
    Text,
    Values,
    Whole,
)
from hanza.model.kinds.kind import ANNOTATION_CHARACTERS_MAX, NOTHING, ZONE, Kind

PROVIDER = "seca.network"

_CIDR = Record(
    (Member("ipv4", Block(4, 9, 18)), Member("ipv6", Block(6, 4, 43))), is_never_empty=True
)
_PORT = Whole(1, 65535)
_VERSION = Text(choices=("IPv4", "IPv6"))
_RULE = Record(
    (
        Member("annotations", Values(ANNOTATION_CHARACTERS_MAX)),
        Member("direction", Text(choices=("ingress", "egress")), is_required=True),
        Member(
            "icmp",
            Record(
                (
                    Member("code", Whole(0, 5), is_required=True),
                    Member("type", Whole(0, 8), is_required=True),
                )
            ),
        ),
        Member(
            "ports",
            Record(
                (
                    Member("from", _PORT),
                    Member("list", Many(_PORT, 100)),
                    Member("to", _PORT),
                ),
                is_never_empty=True,
            ),
        ),
        Member("protocol", Text(choices=("tcp", "udp", "tcp+udp", "icmp"))),
        Member("sourceRef", Many(Reference(None, may_be_range=True), 32)),
        Member("version", _VERSION),
    )
)
_ROUTE = Record(
    (
        Member("destinationCidrBlock", Block(None, 1, 43), is_required=True),
        Member("targetRef", Reference(None), is_required=True),
    )
)

NETWORK_SKU = Kind(
    name="network-sku",
    provider=PROVIDER,
    collection="skus",
    scope="tenant",
    spec=Record(
        (
            Member("bandwidth", Whole(1, 800_000), is_required=True),
            Member("packets", Whole(1, 200_000_000_000), is_required=True),
        )
    ),
    status=NOTHING,
    is_writable=False,
)

NETWORK = Kind(
    name="network",
    provider=PROVIDER,
    collection="networks",
    scope="workspace",
    spec=Record(
        (
            Member("additionalCidrs", Many(_CIDR, 32)),
            Member("cidr", _CIDR, is_required=True),
            Member("skuRef", Reference("network-sku"), is_required=True),
        )
    ),
    status=Record(
        (
            Member("additionalCidrs", Many(_CIDR, 32)),
            Member("cidr", _CIDR, is_required=True),
        )
    ),
)

SUBNET = Kind(
    name="subnet",
    provider=PROVIDER,
    collection="subnets",
    scope="network",
    spec=Record(
        (
            Member("cidr", _CIDR, is_required=True),
            Member("routeTableRef", Reference("routing-table"), is_required=True),
            Member("skuRef", Reference("network-sku")),
            Member("zone", ZONE, is_required=True),
        )
    ),
    status=Record((Member("cidr", _CIDR), Member("routeTableRef", Reference("routing-table")))),
)

ROUTING_TABLE = Kind(
    name="routing-table",
    provider=PROVIDER,
    collection="route-tables",
    scope="network",
    spec=Record((Member("routes", Many(_ROUTE, 1000, 1), is_required=True),)),
    status=NOTHING,
    keeps_parent=True,
)

INTERNET_GATEWAY = Kind(
    name="internet-gateway",
    provider=PROVIDER,
    collection="internet-gateways",
    scope="workspace",
    spec=Record((Member("egressOnly", Flag()),)),
    status=NOTHING,
)

NIC = Kind(
    name="nic",
    provider=PROVIDER,
    collection="nics",
    scope="workspace",
    spec=Record(
        (
            Member("addresses", Many(Address(1, 39), 32, 1), is_required=True),
            Member("publicIpRefs", Many(Reference("public-ip", is_deferrable=True), 16)),
            Member("securityGroupRefs", Many(Reference("security-group"), 16)),
            Member("skuRef", Reference("network-sku"), is_fixed=True),
            Member("subnetRef", Reference("subnet"), is_required=True),
        )
    ),
    status=Record(
        (
            Member("addresses", Many(Address(1, 39), 32)),
            Member("macAddress", Text(0, 17)),
            Member("publicIpRefs", Many(Reference("public-ip"), 16)),
        )
    ),
)

PUBLIC_IP = Kind(
    name="public-ip",
    provider=PROVIDER,
    collection="public-ips",
    scope="workspace",
    spec=Record((Member("address", Address(0, 39)), Member("version", _VERSION, is_required=True))),
    status=Record((Member("attachedTo", Reference("nic")), Member("ipAddress", Address(0, 39)))),
)

SECURITY_GROUP = Kind(
    name="security-group",
    provider=PROVIDER,
    collection="security-groups",
    scope="workspace",
    spec=Record(
        (
            Member("ruleRefs", Many(Reference("security-group-rule"), 500)),
            Member("rules", Many(_RULE, 500)),
        )
    ),
    status=NOTHING,
)

SECURITY_GROUP_RULE = Kind(
    name="security-group-rule",
    provider=PROVIDER,
    collection="security-group-rules",
    scope="workspace",
    spec=_RULE,
    status=NOTHING,
)
