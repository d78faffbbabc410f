"""What agents and planes of 0.1.0 said to each other: `wire.agent_v1` as it was then, and no more.

Frozen, since agents of that release are in the field: nothing here is ever changed, or imported
from what goes on changing.  See `contract.test_agent_releases`.
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

Power: TypeAlias = Literal["on", "off"]
Boot: TypeAlias = Literal["pending", "seen", "silent", "unknown"]
Presence: TypeAlias = Literal["present", "absent", "unknown"]
Role: TypeAlias = Literal["run", "end"]
VolumeRole: TypeAlias = Literal["keep", "end"]
SSH_KEY_CHARACTERS_MAX = 4096
USER_DATA_BYTES_MAX = 65536


class Invalid(Exception):
    """A frame that does not decode."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(f"{field}: {text}")


Text = Annotated[str, Meta(max_length=1024)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
MEASURE = "measure"
"""The ability to measure round trips: who has it is told of probes."""
MESH = "mesh"
"""The ability to ask other agents how far they are, see `wire.mesh_v1`."""
PROBES_MAX = 64
PEERS_TOLD_MAX = 64
PORT_MIN = 1024
"""Of who answers: below are other people's services."""


class ProbeW(Struct, array_like=True):
    name: Text
    host: Text
    port: Annotated[int, Meta(ge=1, le=65535)]


class Probes(Struct, array_like=True, tag="probes"):
    probes: Annotated[list[ProbeW], Meta(max_length=PROBES_MAX)]


class TripW(Struct, array_like=True):
    probe: Text
    ms: Annotated[float, Meta(ge=0, le=60_000)]


class Measured(Struct, array_like=True, tag="measured"):
    trips: Annotated[list[TripW], Meta(max_length=PROBES_MAX)]


class Answering(Struct, array_like=True, tag="answering"):
    """At which UDP port it answers; at which address is what the plane sees, and not its word."""

    port: Annotated[int, Meta(ge=PORT_MIN, le=65535)]


class Answers(Struct, array_like=True, tag="answers"):
    key: Digest

    def __repr__(self) -> str:
        return "Answers(...)"


class PeerW(Struct, array_like=True):
    agent: Text
    host: Annotated[str, Meta(max_length=64)]
    port: Annotated[int, Meta(ge=PORT_MIN, le=65535)]
    key: Digest

    def __repr__(self) -> str:
        return f"PeerW({self.agent!r}, {self.host!r}, {self.port!r}, ...)"


class Peers(Struct, array_like=True, tag="peers"):
    number: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    peers: Annotated[list[PeerW], Meta(max_length=PEERS_TOLD_MAX)]


class Met(Struct, array_like=True, tag="met"):
    number: Count
    trips: Annotated[list[TripW], Meta(max_length=PEERS_TOLD_MAX)]
    """`probe` is the peer's id."""


DIARY = "diary"
"""The ability to tell all of this: who has it is told which line of its diary was taken last."""
LINES_MAX = 200
FINDINGS_MAX = 64
STRANGERS_MAX = 1000
Score = Annotated[int, Meta(ge=0, le=100)]


class LineW(Struct, array_like=True):
    number: Count
    at_us: Count
    kind: Text
    subject: Text
    text: Text


class Diary(Struct, array_like=True, tag="diary"):
    lines: Annotated[list[LineW], Meta(min_length=1, max_length=LINES_MAX)]


class DiaryTaken(Struct, array_like=True, tag="diary!"):
    number: Count


class FindingW(Struct, array_like=True):
    check: Text
    level: Literal["good", "fair", "poor", "unknown"]
    text: Text
    mend: Text


class Checkup(Struct, array_like=True, tag="checkup"):
    at_us: Count
    score: Score
    findings: Annotated[list[FindingW], Meta(max_length=FINDINGS_MAX)]


class StrangerW(Struct, array_like=True):
    native: Text
    name: Text
    host: Text
    cpus: Count
    memory_mib: Count
    disk_mib: Count
    power: Power


class Strangers(Struct, array_like=True, tag="strangers"):
    strangers: Annotated[list[StrangerW], Meta(max_length=STRANGERS_MAX)]


T = TypeVar("T")
PROTOCOL = 1
LINK_PATH = "/agent/v1/link"
FRAME_BYTES_MAX = 16 * 2**20
"""What a plane takes in one frame."""
MANIFEST_BYTES_MAX = 64 * 2**20
"""What an agent takes: a manifest may have user data for a thousand guests at their largest."""
HEARTBEAT_EVERY_S = 10.0
SERIAL_TAIL_BYTES = 4096

Tail = Annotated[str, Meta(max_length=SERIAL_TAIL_BYTES)]
SshKey = Annotated[str, Meta(max_length=SSH_KEY_CHARACTERS_MAX)]
UserData = Annotated[str, Meta(max_length=USER_DATA_BYTES_MAX)]
ITEMS_MAX = 50_000
"""Guests or hosts that one agent can speak of."""
ORPHANS_MAX = 1000
VOLUMES_MAX = 64
"""Of one guest, besides the one that it boots from."""
CONSOLE = "console"
"""The ability to open consoles."""


class MarkW(Struct, array_like=True):
    owner: Text
    run_epoch: Count


class PortW(Struct, array_like=True):
    port: Count
    to: Count


class SpecW(Struct, array_like=True):
    name: Text
    image: Text
    cpus: Count
    memory_mib: Count
    disk_mib: Count
    hostname: Text = ""
    ssh_keys: list[SshKey] = []
    user_data: UserData = ""
    ports: list[PortW] = []
    boot_volume: Text | None = None

    def __repr__(self) -> str:
        """User data may hold secrets."""
        return f"SpecW({self.name!r}, {self.image!r}, ...)"


class EntryW(Struct, array_like=True):
    mark: MarkW
    host: Text
    spec: SpecW
    power: Power
    volumes: Annotated[list[Text], Meta(max_length=VOLUMES_MAX)] = []


class StayW(Struct, array_like=True):
    volume: Text
    number: Count


class VolumeW(Struct, array_like=True):
    stay: StayW
    host: Text
    size_mib: Count
    image: Text
    is_made: bool


class BlobW(Struct, array_like=True):
    id: Text
    size: Count


class BundleW(Struct, array_like=True):
    id: Text
    disk: BlobW | None
    kernel: BlobW | None
    initrd: BlobW | None
    cmdline: Text


class VersionW(Struct, array_like=True):
    epoch: Count
    number: Count


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


class ManifestWhole(Struct, array_like=True, tag="manifest"):
    agent: Text
    version: VersionW
    parent: Digest
    hash: Digest
    entries: Annotated[list[EntryW], Meta(max_length=ITEMS_MAX)]
    tombstones: Annotated[list[MarkW], Meta(max_length=ITEMS_MAX)]
    bundles: Annotated[list[BundleW], Meta(max_length=ITEMS_MAX)] = []
    volumes: Annotated[list[VolumeW], Meta(max_length=ITEMS_MAX)] = []
    volume_tombstones: Annotated[list[StayW], Meta(max_length=ITEMS_MAX)] = []
    confirmed: Annotated[list[MarkW], Meta(max_length=ITEMS_MAX)] = []
    """Those of the tombstones that a person has confirmed."""


class ManifestDelta(Struct, array_like=True, tag="delta"):
    agent: Text
    base: Digest
    version: VersionW
    parent: Digest
    hash: Digest
    put_entries: list[EntryW]
    drop_entries: list[MarkW]
    put_tombstones: list[MarkW]
    drop_tombstones: list[MarkW]
    put_bundles: list[BundleW] = []
    drop_bundles: list[Text] = []
    put_volumes: list[VolumeW] = []
    drop_volumes: list[StayW] = []
    put_volume_tombstones: list[StayW] = []
    drop_volume_tombstones: list[StayW] = []
    confirmed: list[MarkW] = []
    """Those of `put_tombstones` that a person has confirmed."""


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


class ConsoleWanted(Struct, array_like=True, tag="console"):
    """Somebody wants the serial port of a guest; the agent comes with the ticket, once."""

    ticket: Digest
    mark: MarkW
    takes_over: bool
    """Whether a console that is open ends for this one."""


class ConsoleRefused(Struct, array_like=True, tag="noconsole"):
    ticket: Digest
    code: Text
    text: Text


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
)
Down: TypeAlias = (
    Challenge
    | Welcome
    | ManifestWhole
    | ManifestDelta
    | ReportTaken
    | HeartbeatTaken
    | ConsoleWanted
    | Probes
    | Answers
    | Peers
    | DiaryTaken
    | Refused
)

_encoder = msgspec.msgpack.Encoder()
_up: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)
_down: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_claims: msgspec.msgpack.Decoder[Claims] = msgspec.msgpack.Decoder(Claims)


def encode(message: Up | Down | Claims) -> bytes:
    return _encoder.encode(message)


def decode_up(frame: bytes) -> Up:
    return _decode(_up, frame)


def decode_down(frame: bytes) -> Down:
    return _decode(_down, frame)


def decode_claims(frame: bytes) -> Claims:
    return _decode(_claims, frame)


def _decode(decoder: "msgspec.msgpack.Decoder[T]", frame: bytes) -> T:
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("a frame does not decode", field="frame") from error
