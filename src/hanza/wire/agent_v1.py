"""The language between plane and agent: MessagePack frames over one WebSocket, version 1.

    plane                                    agent
      Challenge(nonce) ───────────────────────►
      ◄─────────── Hello(claims, signature)          claims: who, which start, what it holds
      Welcome(report_number) ─────────────────►      last report taken of this incarnation
      ManifestWhole | ManifestDelta ──────────►
      ◄─────────── Holding(version, hash)            after it is safe on the agent's disk
      ◄─────────── NeedWhole()                       the delta did not fit
      ◄─────────── ReportUp(number, …)               whole first, then changes
      ReportTaken(number) ────────────────────►      after the commit
      ◄─────────── Heartbeat(count)                  when nothing else was said for a while
      HeartbeatTaken(count) ──────────────────►
      ConsoleWanted(ticket, mark) ────────────►      only to who can; then see `wire.console_v1`
      PortWanted(ticket, mark, port) ─────────►      likewise: a port that the guest publishes
      LogWanted(ticket, mark, after) ─────────►      likewise: what a guest writes, to read only
      ◄─────────── ConsoleRefused(ticket, code)      instead of coming with the ticket
      Probes(…) ──────────────────────────────►      to who measures; again when they change
      ◄─────────── Measured(…)                       the least round trip to each that answered
      Peers(round, …) ────────────────────────►      to who asks others; again in each round
      ◄─────────── Answering(port)                   from who answers others, after the first
      Answers(key) ───────────────────────────►      what its answers are sealed with
      ◄─────────── Met(round, …)                     the least round trip to each that answered
      Directory(number, urls, signature) ─────►      to who keeps it; where the planes are
      DiaryTaken(number) ─────────────────────►      and more of the site: see `agent_site_v1`
      NumbersWanted ───────►  ◄──── NumbersUp(…)      what it counts: see `agent_reach_v1`
      UpdateWanted(…) ────────────────────────►      of the agent itself: see `agent_update_v1`
      Refused(code, text) ────────────────────►      then the plane closes

Every frame is an array whose first item names its kind, so a heartbeat is a few bytes.  Sizes
are limited here; a frame that does not decode is `Invalid` and ends the connection.
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.guest import Boot, Power
from hanza.model.problem import Presence
from hanza.model.report import Role
from hanza.model.volume import Role as VolumeRole
from hanza.wire.agent_join_v1 import FederationAnswer as FederationAnswer
from hanza.wire.agent_join_v1 import JoinAnswer as JoinAnswer
from hanza.wire.agent_join_v1 import JoinRequest as JoinRequest
from hanza.wire.agent_manifest_v1 import ITEMS_MAX as ITEMS_MAX
from hanza.wire.agent_manifest_v1 import VOLUMES_MAX as VOLUMES_MAX
from hanza.wire.agent_manifest_v1 import BlobW as BlobW
from hanza.wire.agent_manifest_v1 import BundleW as BundleW
from hanza.wire.agent_manifest_v1 import EntryW as EntryW
from hanza.wire.agent_manifest_v1 import ManifestDelta as ManifestDelta
from hanza.wire.agent_manifest_v1 import ManifestWhole as ManifestWhole
from hanza.wire.agent_manifest_v1 import PortW as PortW
from hanza.wire.agent_manifest_v1 import SpecW as SpecW
from hanza.wire.agent_manifest_v1 import StayW as StayW
from hanza.wire.agent_manifest_v1 import VersionW as VersionW
from hanza.wire.agent_manifest_v1 import VolumeW as VolumeW
from hanza.wire.agent_nearness_v1 import MEASURE as MEASURE
from hanza.wire.agent_nearness_v1 import MESH as MESH
from hanza.wire.agent_nearness_v1 import PEERS_TOLD_MAX as PEERS_TOLD_MAX
from hanza.wire.agent_nearness_v1 import PORT_MIN as PORT_MIN
from hanza.wire.agent_nearness_v1 import PROBES_MAX as PROBES_MAX
from hanza.wire.agent_nearness_v1 import Answering as Answering
from hanza.wire.agent_nearness_v1 import Answers as Answers
from hanza.wire.agent_nearness_v1 import Count as Count
from hanza.wire.agent_nearness_v1 import Digest as Digest
from hanza.wire.agent_nearness_v1 import Measured as Measured
from hanza.wire.agent_nearness_v1 import Met as Met
from hanza.wire.agent_nearness_v1 import Peers as Peers
from hanza.wire.agent_nearness_v1 import PeerW as PeerW
from hanza.wire.agent_nearness_v1 import Probes as Probes
from hanza.wire.agent_nearness_v1 import ProbeW as ProbeW
from hanza.wire.agent_nearness_v1 import Text as Text
from hanza.wire.agent_nearness_v1 import TripW as TripW
from hanza.wire.agent_reach_v1 import CONSOLE as CONSOLE
from hanza.wire.agent_reach_v1 import DIRECTORY as DIRECTORY
from hanza.wire.agent_reach_v1 import LOGS as LOGS
from hanza.wire.agent_reach_v1 import NUMBERS as NUMBERS
from hanza.wire.agent_reach_v1 import PORTS as PORTS
from hanza.wire.agent_reach_v1 import ConsoleRefused as ConsoleRefused
from hanza.wire.agent_reach_v1 import ConsoleWanted as ConsoleWanted
from hanza.wire.agent_reach_v1 import DirectoryDown as DirectoryDown
from hanza.wire.agent_reach_v1 import LogWanted as LogWanted
from hanza.wire.agent_reach_v1 import MarkW as MarkW
from hanza.wire.agent_reach_v1 import NumbersUp as NumbersUp
from hanza.wire.agent_reach_v1 import NumbersWanted as NumbersWanted
from hanza.wire.agent_reach_v1 import PortWanted as PortWanted
from hanza.wire.agent_site_v1 import DIARY as DIARY
from hanza.wire.agent_site_v1 import Checkup as Checkup
from hanza.wire.agent_site_v1 import Diary as Diary
from hanza.wire.agent_site_v1 import DiaryTaken as DiaryTaken
from hanza.wire.agent_site_v1 import Strangers as Strangers
from hanza.wire.agent_update_v1 import UPDATES as UPDATES
from hanza.wire.agent_update_v1 import RevokedW as RevokedW
from hanza.wire.agent_update_v1 import Running as Running
from hanza.wire.agent_update_v1 import UpdateWanted as UpdateWanted

T = TypeVar("T")
PROTOCOL = PROTOCOL_OLDEST = 1
LINK_PATH = "/agent/v1/link"
FRAME_BYTES_MAX = 16 * 2**20
"""What a plane takes in one frame."""
MANIFEST_BYTES_MAX = 64 * 2**20
"""What an agent takes: a manifest may have user data for a thousand guests at their largest."""
HEARTBEAT_EVERY_S = 10.0
HEARTBEAT_BYTES_MAX = 16
SERIAL_TAIL_BYTES = 4096

Tail = Annotated[str, Meta(max_length=SERIAL_TAIL_BYTES)]
ORPHANS_MAX = 1000


class ProblemW(Struct, array_like=True):
    code: Text
    text: Text
    since_us: Count


class SeenW(Struct, array_like=True):
    mark: MarkW
    role: Role
    presence: Presence
    native: Text | None
    power: Power | None
    boot: Boot
    serial_tail: Tail
    problem: ProblemW | None


class SeenVolumeW(Struct, array_like=True):
    stay: StayW
    role: VolumeRole
    presence: Presence
    size_mib: Count | None
    problem: ProblemW | None


class OrphanVolumeW(Struct, array_like=True):
    native: Text
    volume: Text
    host: Text
    size_mib: Count


class OrphanW(Struct, array_like=True):
    native: Text
    mark: MarkW
    host: Text
    power: Power


class HostW(Struct, array_like=True):
    name: Text
    cpus: Count
    memory_mib: Count
    disk_mib: Count
    accelerator: Literal["kvm", "tcg", "none"]
    address: Text = ""


class Challenge(Struct, array_like=True, tag="challenge"):
    nonce: Digest


class Claims(Struct, array_like=True):
    """What an agent says of itself when it connects; signed as encoded."""

    protocol: Count
    agent: Text
    starts: Count
    nonce: Text
    driver: Text
    holds_version: VersionW | None
    holds_hash: Digest | None
    abilities: Annotated[list[Text], Meta(max_length=64)] = []
    """What may be asked of it beyond the first day's messages; nothing else may."""


class Hello(Struct, array_like=True, tag="hello"):
    claims: Annotated[bytes, Meta(max_length=16384)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class Welcome(Struct, array_like=True, tag="welcome"):
    report_number: Count


class Holding(Struct, array_like=True, tag="holding"):
    version: VersionW
    hash: Digest


class NeedWhole(Struct, array_like=True, tag="whole?"):
    pass


class ReportUp(Struct, array_like=True, tag="report"):
    number: Count
    version: VersionW
    is_whole: bool
    seen: Annotated[list[SeenW], Meta(max_length=ITEMS_MAX)]
    gone: Annotated[list[MarkW], Meta(max_length=ITEMS_MAX)]
    orphans: Annotated[list[OrphanW], Meta(max_length=ORPHANS_MAX)] | None
    """The first of them when there are more."""
    hosts: Annotated[list[HostW], Meta(max_length=ITEMS_MAX)] | None
    trouble: ProblemW | None
    volumes: Annotated[list[SeenVolumeW], Meta(max_length=ITEMS_MAX)] = []
    gone_volumes: Annotated[list[StayW], Meta(max_length=ITEMS_MAX)] = []
    orphan_volumes: Annotated[list[OrphanVolumeW], Meta(max_length=ORPHANS_MAX)] | None = None


class ReportTaken(Struct, array_like=True, tag="taken"):
    number: Count


class Heartbeat(Struct, array_like=True, tag="h"):
    count: Count


class HeartbeatTaken(Struct, array_like=True, tag="k"):
    count: Count


class Refused(Struct, array_like=True, tag="refused"):
    code: Text
    text: Text


Up: TypeAlias = (
    Hello
    | Holding
    | NeedWhole
    | ReportUp
    | Heartbeat
    | ConsoleRefused
    | Measured
    | Answering
    | Met
    | Diary
    | Checkup
    | Strangers
    | NumbersUp
    | Running
)
Down: TypeAlias = (
    Challenge
    | Welcome
    | ManifestWhole
    | ManifestDelta
    | ReportTaken
    | HeartbeatTaken
    | ConsoleWanted
    | PortWanted
    | LogWanted
    | Probes
    | Answers
    | Peers
    | DirectoryDown
    | DiaryTaken
    | NumbersWanted
    | UpdateWanted
    | Refused
)

_encoder = msgspec.msgpack.Encoder()
_up: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)
_beat = msgspec.msgpack.Decoder(Heartbeat)
_down: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_claims: msgspec.msgpack.Decoder[Claims] = msgspec.msgpack.Decoder(Claims)


def blob_path(blob: str) -> str:
    """GET with a fetch proof, see `wire.credentials`; ranges are served."""
    return f"/agent/v1/blobs/{blob}"


def encode(message: Up | Down | Claims) -> bytes:
    return _encoder.encode(message)


def decode_up(frame: bytes) -> Up:
    return _decode(_up, frame)


def count_of_heartbeat(frame: bytes) -> int | None:
    """None for any other frame, also for one that does not decode."""
    try:
        return _beat.decode(frame).count
    except msgspec.DecodeError:
        return None


def decode_down(frame: bytes) -> Down:
    return _decode(_down, frame)


def decode_claims(frame: bytes) -> Claims:
    """Of whoever calls: asked of a store that does not take every character.  Raises `Invalid`."""
    claims = _decode(_claims, frame)
    if not f"{claims.agent}{claims.nonce}{claims.driver}".isprintable():
        raise Invalid("a name in a frame is not printable", field="frame")
    return claims


def _decode(decoder: "msgspec.msgpack.Decoder[T]", frame: bytes) -> T:
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("a frame does not decode", field="frame") from error
