"""`hanza-conformance`: how it is called, and with which exit code it ends.

0 when every check passed that can pass under the policy, 1 when any did not, 2 when it was
called wrongly.
"""

import argparse
import ipaddress
import sys
from collections.abc import Sequence

import httpx2

from hanza_conformance.catalogue import scenarios
from hanza_conformance.cloud import Cloud, Target
from hanza_conformance.report import as_json, as_junit, as_text
from hanza_conformance.runner import Result, Wanted, run, selected

CONNECTION = ("region_url", "authorization_url", "token", "tenant", "region")


def main(
    arguments: Sequence[str] | None = None, transport: httpx2.BaseTransport | None = None
) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    wanted = selected(scenarios(), given.only)
    if not wanted:
        parser.error(f"no check matches --only {given.only!r}; see --list")
    if given.list:
        for scenario in wanted:
            for step in scenario.steps:
                policy = f"  ({step.side.policy} only)" if step.side else ""
                print(f"{scenario.name}/{step.name}  [{step.rule}]{policy}")
        return 0
    missing = [name for name in CONNECTION if getattr(given, name) is None]
    if missing:
        parser.error("missing: " + ", ".join("--" + one.replace("_", "-") for one in missing))
    cloud = Cloud(_target(given), transport)
    try:
        results = run(cloud, wanted, given.policy, given.jobs, _tell)
    finally:
        cloud.close()
    print(_rendered(results, given.output, given.policy))
    return 1 if any(one.is_bad for one in results) else 0


def _rendered(results: list[Result], output: str, policy: Wanted) -> str:
    if output == "json":
        return as_json(results, policy)
    return as_junit(results) if output == "junit" else as_text(results)


def _tell(results: list[Result]) -> None:
    """How far it is, to standard error; halves of a contradiction are judged in the end."""
    bad = sum(one.is_bad and one.side is None for one in results)
    end = f"{bad} of {len(results)} not passed" if bad else f"{len(results)} checks"
    print(f"{'no' if bad else 'ok'}  {results[0].name:<42} {end}", file=sys.stderr, flush=True)


def _target(given: argparse.Namespace) -> Target:
    return Target(
        region_url=given.region_url.rstrip("/"),
        authorization_url=given.authorization_url.rstrip("/"),
        token=sys.stdin.readline().strip() if given.token == "-" else given.token,
        tenant=given.tenant,
        region=given.region,
        users=tuple(filter(None, given.users.split(","))),
        cidr=given.cidr,
        public_ips=given.public_ips,
        patience_s=given.patience,
        ca=given.ca,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("hanza-conformance", description=__doc__)
    add = parser.add_argument
    add("--region-url", help="base URL of seca.region, without /v1")
    add("--authorization-url", help="base URL of seca.authorization, without /v1")
    add("--token", help="bearer token for everything; - reads it from standard input")
    add("--tenant", help="an existing tenant that may be filled and emptied")
    add("--region", help="the region to look at")
    add("--users", default="", help="subjects that exist, by comma; the token's by default")
    add("--policy", choices=("strict", "deferred", "auto"), default="auto", help="references")
    add("--only", metavar="REGEX", help="only checks whose id matches")
    add("--list", action="store_true", help="list the checks and do nothing")
    add("--output", choices=("table", "json", "junit"), default="table")
    add("--cidr", type=_range, default="10.1.0.0/16", help="IPv4 range for networks, a /16")
    add("--public-ips", type=_range, default="203.0.113.0/24", help="IPv4 range to ask from")
    add("--patience", type=float, default=50.0, help="seconds to wait for a state; 50 as clients")
    add("--jobs", type=int, default=4, help="scenarios at a time")
    add("--ca", help="file of the root certificate to trust, if not the machine's")
    return parser


def _range(text: str) -> ipaddress.IPv4Network:
    try:
        found = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if found.prefixlen > 24:
        raise argparse.ArgumentTypeError(f"{text} is smaller than a /24")
    return found
