"""One site in `hanza.federation/v1`: its agents and hosts, checkups, strangers, adoptions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from hanza.model.checkup import Checkup
from hanza.model.guest import Stranger
from hanza.wire.federation_v1 import AgentDoc, HostDoc, SiteDoc, Word


class FindingDoc(Struct, omit_defaults=True):
    check: str
    level: str
    text: str
    mend: str = ""


class CheckupDoc(Struct):
    """What the agent's doctor found last; the score is from 0 to 100."""

    at: datetime
    score: int
    findings: list[FindingDoc]


class AgentShownDoc(Struct):
    agent: AgentDoc
    checkup: CheckupDoc | None


class SiteShownDoc(Struct):
    site: SiteDoc
    state: str
    """`steady`: every agent is heard; `partly`: some; `silent`: none; `empty`: none has joined."""
    agents: list[AgentShownDoc]
    hosts: list[HostDoc]
    strangers: int
    """How many guests there bear no mark of ours."""


class AgentNumbersDoc(Struct):
    """What one agent counts, by name; `at` is when it said something last, null for never."""

    agent: str
    at: datetime | None
    numbers: dict[str, float]


class SiteNumbersDoc(Struct):
    site: str
    agents: list[AgentNumbersDoc]


class StrangerDoc(Struct, rename="camel"):
    agent: str
    native: str
    name: str
    host: str
    cpus: int
    memory_mib: int = msgspec.field(name="memoryMiB")
    disk_mib: int = msgspec.field(name="diskMiB")
    power: str
    since: datetime


class AdoptionSpec(Struct, forbid_unknown_fields=True):
    guest: Word
    """Its native id, or its name there."""
    tenant: Word
    workspace: Word
    name: Word


class AdoptionPost(Struct, forbid_unknown_fields=True):
    spec: AdoptionSpec


class AdoptedDoc(Struct):
    id: str
    name: str
    guest: str
    site: str


def agent_shown(agent: AgentDoc, checkup: Checkup | None) -> AgentShownDoc:
    return AgentShownDoc(agent, None if checkup is None else _checkup_to_doc(checkup))


def _checkup_to_doc(checkup: Checkup) -> CheckupDoc:
    found = [FindingDoc(one.check, one.level, one.text, one.mend) for one in checkup.findings]
    return CheckupDoc(checkup.at, checkup.score, found)


def site_shown(
    site: SiteDoc, agents: Sequence[AgentShownDoc], hosts: Sequence[HostDoc], *, strangers: int
) -> SiteShownDoc:
    return SiteShownDoc(site, state_of(agents), list(agents), list(hosts), strangers)


def state_of(agents: Sequence[AgentShownDoc]) -> str:
    """Of those that were not revoked: whether all, some or none of them is heard."""
    heard = [one.agent.status.is_heard for one in agents if one.agent.status.revoked_at is None]
    if not heard:
        return "empty"
    return "steady" if all(heard) else "partly" if any(heard) else "silent"


def stranger_to_doc(agent: str, one: Stranger, since: datetime) -> StrangerDoc:
    size = one.size
    return StrangerDoc(
        agent,
        one.native,
        one.name,
        one.host,
        size.cpus,
        size.memory_mib,
        size.disk_mib,
        one.power,
        since,
    )
