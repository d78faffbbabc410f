"""A plane that wants more than guests: it orders, and gets no file and no command of the host.

What it can say reaches a site in a manifest; all of it that is a name, a number or a text is tried
here with the worst of each.  Blobs that reach out are in `tests/unit/agent/test_images.py`, and
addresses that it wants dialled in `tests/unit/agent/test_measure.py`.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hanza.agent.converge import Converger
from hanza.drivers.fake import FakeDriver, FakeSite
from hanza.drivers.libvirt import domains, open_driver
from hanza.drivers.libvirt.images import Images
from hanza.drivers.libvirt.pool import Pool
from hanza.drivers.libvirt.ports import Doors, refuse_ports
from hanza.drivers.libvirt.serial import SerialLogs
from hanza.drivers.libvirt.workshop import Files, Offer, Workshop
from hanza.drivers.spi import Driver
from hanza.kit.clock import ManualClock
from hanza.model.errors import Invalid, Rejected
from hanza.model.guest import GuestSpec, Mark, Port
from hanza.model.ids import FederationId, InstanceId, NativeId, VolumeId
from hanza.model.manifest import Entry
from hanza.model.volume import Stay, VolumeEntry
from kit.agent_worlds import US, a_manifest, a_spec, an_entry
from kit.domains import DomainBackdoor

HOST = "host-1"
CANARY = "hanza-canary-of-the-host"
XML = "]]></name><devices><disk type='file'><source file='/etc/shadow'/></disk></devices><name>"
PATHS = (
    "../../etc/shadow",
    "/etc/shadow",
    "..",
    ".blobs",
    "file:///etc/shadow",
    "http://plane.example/disk.qcow2",
    'json:{"driver":"file","filename":"/etc/shadow"}',
    "nbd://127.0.0.1:10809/disk",
    "tiny\n../../etc/shadow",
    "tiny\0/etc/shadow",
    "tiny,backing.file=/etc/shadow",
    "-b/etc/shadow",
    "$(touch /tmp/owned)",
    "Adopted.../../../etc/shadow",
    XML,
)


@pytest.fixture(params=["fake", "libvirt"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    if request.param == "fake":
        yield FakeDriver(FakeSite(), US)
        return
    backdoor = DomainBackdoor("test:///default", "test", US)
    backdoor.clean()
    found = open_driver(US, {"uri": "test:///default", "host": HOST})
    yield found
    backdoor.clean()
    found.close()


def spec_with(field: str, word: str) -> GuestSpec:
    return replace(a_spec(), **{field: word})  # type: ignore[arg-type]


@pytest.mark.parametrize("word", PATHS)
@pytest.mark.parametrize(
    "entry_of",
    [
        lambda word: replace(an_entry(), spec=spec_with("image", word)),
        lambda word: replace(an_entry(), spec=spec_with("boot_volume", word)),
        lambda word: replace(an_entry(), spec=spec_with("hostname", word)),
        lambda word: replace(an_entry(), mark=Mark(InstanceId(word), 1)),
        lambda word: an_entry(host=word),
    ],
    ids=["image", "boot_volume", "hostname", "owner", "host"],
)
def test_no_word_of_a_manifest_makes_a_guest_of_anything_else(
    driver: Driver, word: str, entry_of: Callable[[str], Entry]
) -> None:
    good = an_entry("in_good")
    converger = Converger(driver, ManualClock())
    manifest = a_manifest([entry_of(word), good])
    for _ in range(4):
        view, _ = converger.run_pass(manifest)
    made = [guest.mark.owner for guest in driver.survey().guests]
    assert made == ["in_good"], "what is wrong is refused, and holds up nobody else"
    (bad,) = (seen for seen in view.seen if seen.mark.owner != "in_good")
    assert bad.problem is not None
    # Where volumes cannot be, a volume to boot from is waited for and never comes.
    assert bad.problem.code in ("driver.rejected", "driver.unsupported", "volume.waiting")


@pytest.mark.parametrize("word", PATHS)
def test_no_word_of_a_manifest_makes_a_volume_of_anything_else(word: str) -> None:
    driver = FakeDriver(FakeSite(), US)
    converger = Converger(driver, ManualClock())
    stay = Stay(VolumeId("vo_a"), 1)
    for volume in (
        VolumeEntry(replace(stay, volume=VolumeId(word)), HOST, 8, "blank", is_made=False),
        VolumeEntry(stay, HOST, 8, word, is_made=False),
    ):
        for _ in range(3):
            converger.run_pass(a_manifest(others=[volume]))
        assert driver.survey().volumes == ()


# -- what libvirt is told -----------------------------------------------------------------------


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    for name in ("kernel", "initrd", "cmdline"):
        (tmp_path / "images" / "tiny").mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / "tiny" / name).write_text("console=ttyS0")
    pool, serial = Pool(tmp_path / "pool", US), SerialLogs(tmp_path / "serial")
    files = Files(Images(tmp_path / "images"), pool, serial)
    doors = Doors("192.0.2.1", 1024, 65535)
    return Workshop(US, HOST, "kvm", "kvm", Offer(None, None, None), files, doors)


def xml_for(workshop: Workshop, spec: GuestSpec, owner: str = "in_a") -> ET.Element:
    native = NativeId("11111111-2222-4333-8444-555555555555")
    build = workshop.build_of(native, spec)
    mark = Mark(InstanceId(owner), 1)
    return ET.fromstring(domains.xml_of_guest(workshop.federation, mark, HOST, spec, build))


def shape(domain: ET.Element) -> list[str]:
    return [element.tag for element in domain.iter()]


NASTY = replace(
    a_spec(),
    hostname="web",
    name=XML + "\x00<qemu:arg value='-drive'/>",
    user_data=f"#!/bin/sh\n{XML}\ncat /etc/shadow {CANARY}",
    ssh_keys=("ssh-ed25519 AAAA -o ProxyCommand=reboot",),
    ports=(Port(8080, 80),),
)


def test_a_tenants_words_change_no_element_of_a_domain(workshop: Workshop) -> None:
    plain = replace(NASTY, name="web", user_data="#!/bin/sh", ssh_keys=("ssh-ed25519 AAAA",))
    nasty = xml_for(workshop, NASTY)
    assert shape(nasty) == shape(xml_for(workshop, plain))
    (mark,) = nasty.iterfind("metadata/*")
    mark.text = ""
    for name in ("sysinfo",):
        for found in nasty.findall(name):
            nasty.remove(found)
    rest = ET.tostring(nasty, encoding="unicode")
    assert "/etc/shadow" not in rest, "beside the words of the guest it is in nothing"
    assert CANARY not in rest
    assert "ProxyCommand" not in rest


def test_every_file_of_a_domain_is_in_the_folders_of_the_site(
    workshop: Workshop, tmp_path: Path
) -> None:
    domain = xml_for(workshop, NASTY)
    named = [
        word
        for element in domain.iter()
        for word in (*element.attrib.values(), element.text or "")
        if word.startswith("/")
    ]
    assert len(named) >= 5
    assert all(Path(word).resolve().is_relative_to(tmp_path) for word in named), named
    kinds = {disk.get("type") for disk in domain.iterfind("devices/disk")}
    assert kinds == {"file"}, "no block device, network or directory of the host is a disk"
    tags = {element.tag for element in domain.iterfind("devices/*")}
    assert not tags & {"hostdev", "filesystem", "shmem", "redirdev", "interface"}


def test_the_emulator_is_told_nothing_that_a_tenant_has_written(workshop: Workshop) -> None:
    told = [
        element.get("value", "")
        for element in xml_for(workshop, NASTY).iter(f"{{{domains.QEMU_NAMESPACE}}}arg")
    ]
    assert told[::2] == ["-netdev", "-device"]
    assert told[1].startswith("user,id=hanza0,restrict=on")
    assert "shadow" not in " ".join(told)


@pytest.mark.parametrize("port", [0, 22, 1023, 65536, -1])
def test_a_port_outside_what_the_provider_allows_is_refused(workshop: Workshop, port: int) -> None:
    with pytest.raises(Rejected):
        refuse_ports(workshop.doors, replace(a_spec(), ports=(Port(port, 80),)), [])


@pytest.mark.parametrize("word", PATHS)
def test_a_federation_is_no_path_either(word: str, tmp_path: Path) -> None:
    """It is part of the name of a folder; the plane says it once, when the site joins."""
    options = {name: str(tmp_path / name) for name in ("images", "pool", "serial")}
    with pytest.raises(Invalid):
        open_driver(FederationId(word), {"uri": "qemu:///system", **options})
    assert not (tmp_path / "pool").exists()
