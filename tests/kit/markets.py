"""Leagues whose members have prices, places and attributes, and apps to put into them."""

import json
from typing import Any

import msgspec

from hanza.api import members
from kit.leagues import League, SiteAgent

MEMBERS: dict[str, dict[str, Any]] = {
    "ljubljana": {"country": "SI", "latitude": 46.05, "longitude": 14.51, "cpu": 12_000},
    "amsterdam": {"country": "NL", "latitude": 52.37, "longitude": 4.89, "cpu": 14_000},
    "frankfurt": {"country": "DE", "latitude": 50.11, "longitude": 8.68, "cpu": 10_000},
}


def add_member(league: League, name: str, hosts: int = 1, **changed: Any) -> SiteAgent:
    """A site with its provider's price for a cpu, and an agent that has joined."""
    agent = league.add_site(name, (MEMBERS[name] | changed)["country"], hosts)
    describe_member(league, name, **changed)
    return agent


def describe_member(league: League, name: str, **changed: Any) -> None:
    """Say of a provider and its site what is so from now on."""
    about = MEMBERS[name] | changed
    prices = {"cpuHour": about["cpu"], "gibHour": 0, "diskGibHour": 0}
    provider = {"title": name.title(), "prices": prices, "attributes": about.get("attributes", {})}
    league.call(members.put_provider, json.dumps({"spec": provider}).encode(), provider=name)
    site = {
        "provider": name,
        "country": about["country"],
        "city": name.title(),
        "latitude": about["latitude"],
        "longitude": about["longitude"],
        "class": about.get("class", "micro_dc"),
    }
    league.call(members.put_site, json.dumps({"spec": site}).encode(), site=name)


def a_market(league: League, hosts: int = 1) -> None:
    for name in MEMBERS:
        add_member(league, name, hosts)


def plain(document: Any) -> Any:
    """A document as a client sees it."""
    return msgspec.json.decode(msgspec.json.encode(document))
