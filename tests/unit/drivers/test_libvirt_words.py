"""What the libvirt driver writes and reads: XML, names, options.  No libvirt is needed."""

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.drivers.libvirt import domains, names, seed
from hanza.drivers.libvirt.domains import Build, Direct, Nic
from hanza.drivers.libvirt.options import read_options
from hanza.drivers.libvirt.ports import forwards_of, refuse_ports, refuse_taken
from hanza.drivers.libvirt.workshop import Offer, left_of
from hanza.model.capacity import Capacity
from hanza.model.errors import Invalid, Unavailable, Unsupported
from hanza.model.guest import GuestSpec, Mark, Port
from hanza.model.ids import FederationId, InstanceId, NativeId

US = FederationId("fe_us")
MARK = Mark(InstanceId("in_01abc"), 3)
SPEC = GuestSpec("web", "tiny", 2, 96, 64, "web-1", ("ssh-ed25519 AAAA",))
DIRECT = Direct(Path("/images/tiny/kernel"), Path("/images/tiny/initrd"), "console=ttyS0")
BUILD = Build("qemu", Path("/pool/disk.qcow2"), Path("/serial/x.log"), DIRECT)
UPPER_CASE = "AAAAAAAA-0000-4000-8000-000000000000"
FOLDERS = {"images": "/i", "pool": "/p", "serial": "/s"}


def tree_of(spec: GuestSpec, build: Build = BUILD) -> ET.Element:
    return domains.parse(domains.xml_of_guest(US, MARK, "host", spec, build))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_every_name_comes_back_from_xml_as_it_went_in(name: str) -> None:
    spec = replace(SPEC, name=name)
    seen = domains.seen_in(tree_of(spec), US)
    assert seen is not None
    assert (seen.spec, seen.mark, seen.host, seen.is_on) == (spec, MARK, "host", False)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_the_tenants_name_is_in_no_kernel_command_line_and_no_path(name: str) -> None:
    plain, named = tree_of(SPEC), tree_of(replace(SPEC, name=name))
    for tree in (plain, named):
        mark = tree.find("metadata/*")
        family = tree.find("sysinfo/system/entry[@name='family']")
        assert mark is not None
        assert family is not None
        assert 0 < len((family.text or "").encode()) <= domains.LONGEST_SMBIOS
        mark.text = family.text = ""
    assert ET.tostring(named) == ET.tostring(plain)


TOLD = replace(SPEC, user_data="a secret: <&>")


def test_user_data_is_in_no_word_of_the_domain() -> None:
    build = replace(BUILD, seed=Path("/pool/x.seed.iso"), nic=Nic("52:54:00:00:00:01"))
    xml = domains.xml_of_guest(US, MARK, "host", TOLD, build)
    assert "secret" not in xml
    tree = domains.parse(xml)
    seen = domains.seen_in(tree, US)
    assert seen is not None
    assert seen.spec == TOLD.without_secrets()
    (seed,) = tree.findall("devices/disk[@device='cdrom']")
    assert seed.find("readonly") is not None
    assert "secret" not in repr(TOLD)
    larger = replace(TOLD, cpus=4)
    assert domains.xml_of_resized(xml, larger) == domains.xml_of_guest(
        US, MARK, "host", larger, build
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_nothing_that_a_tenant_says_becomes_another_key_of_his_guests_seed(text: str) -> None:
    spec = replace(SPEC, user_data=text, hostname="web-1")
    files = seed.files_of(spec, "in_01abc-r3", "52:54:00:00:00:01")
    assert files["user-data"] == text
    assert json.loads(files["meta-data"]) == {
        "instance-id": "in_01abc-r3",
        "local-hostname": "web-1",
        "public-keys": list(spec.ssh_keys),
    }
    ethernets = json.loads(files["network-config"])["ethernets"]
    assert ethernets["nic0"] == {
        "match": {"macaddress": "52:54:00:00:00:01"},
        "addresses": ["10.0.2.15/24"],
        "gateway4": "10.0.2.2",
    }


def test_a_guests_nic_has_the_same_address_for_life_and_it_is_its_own() -> None:
    macs = {names.guest_mac(names.guest_uuid(US, replace(MARK, run_epoch=n))) for n in range(9)}
    assert len(macs) == 9
    assert all(mac.startswith("52:54:00:") and len(mac) == 17 for mac in macs)


def test_a_guest_reaches_nothing_of_the_hosts_and_only_its_ports_are_forwarded() -> None:
    spec = replace(SPEC, ports=(Port(8080, 80),))
    doors = read_options({**FOLDERS, "address": "10.0.0.7"}).doors
    nic = Nic("52:54:00:00:00:01", forwards_of(doors, spec))
    tree = tree_of(spec, replace(BUILD, nic=nic))
    said = [arg.get("value") for arg in tree.iter(f"{{{domains.QEMU_NAMESPACE}}}arg")]
    net = "user,id=hanza0,restrict=on,ipv6=off,hostfwd=tcp:10.0.0.7:8080-10.0.2.15:80"
    assert said[:2] == ["-netdev", net]
    seen = domains.seen_in(tree, US)
    assert seen is not None
    assert seen.spec == spec
    assert forwards_of(None, spec) == ()
    with pytest.raises(Unsupported):
        refuse_ports(None, spec, [])
    with pytest.raises(Unavailable):
        refuse_taken(None, spec.ports)


def test_another_federations_mark_is_not_ours() -> None:
    assert domains.seen_in(tree_of(SPEC), FederationId("fe_them")) is None


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("run_epoch", "4"),
        ("run_epoch", "three"),
        ("owner", None),
        ("owner", "in_01abd"),
        (None, "[]"),
        (None, '{"name": "web"}'),
        (None, json.dumps(asdict(SPEC) | {"cpus": "2"})),
        (None, ""),
    ],
)
def test_a_mark_that_we_would_not_have_written_is_not_ours(
    attribute: str | None, text: str | None
) -> None:
    tree = tree_of(SPEC)
    mark = tree.find("metadata/*")
    assert mark is not None
    if attribute is None:
        mark.text = text
    elif text is None:
        del mark.attrib[attribute]
    else:
        mark.set(attribute, text)
    assert domains.seen_in(tree, US) is None


def test_a_copy_of_a_guest_is_not_ours() -> None:
    tree = tree_of(SPEC)
    uuid = tree.find("uuid")
    assert uuid is not None
    uuid.text = "00000000-0000-4000-8000-000000000000"
    assert domains.seen_in(tree, US) is None


def test_a_resized_domain_keeps_all_but_its_size_and_name() -> None:
    larger = replace(SPEC, name="new", cpus=4, memory_mib=128, disk_mib=99)
    xml = domains.xml_of_guest(US, MARK, "host", SPEC, BUILD)
    resized = domains.xml_of_resized(xml, larger)
    assert resized == domains.xml_of_guest(US, MARK, "host", larger, BUILD)


def test_a_running_domain_is_on_and_tells_its_files() -> None:
    tree = tree_of(SPEC)
    tree.set("id", "7")
    seen = domains.seen_in(tree, US)
    assert seen is not None
    assert seen.is_on
    assert list(domains.files_in(tree)) == [(Path("/pool/disk.qcow2"), "vda")]
    assert domains.free_target(tree) == "vdb"


def test_only_an_emulated_guest_is_told_so() -> None:
    emulated, native = tree_of(SPEC), tree_of(SPEC, replace(BUILD, kind="kvm"))
    assert emulated.findtext("features/tcg/tb-cache") == "64"
    assert native.find("features/tcg") is None


def test_a_guests_uuid_follows_from_federation_owner_and_run() -> None:
    others = {
        names.guest_uuid(US, MARK),
        names.guest_uuid(FederationId("fe_them"), MARK),
        names.guest_uuid(US, replace(MARK, run_epoch=4)),
        names.guest_uuid(US, replace(MARK, owner=InstanceId("in_01abd"))),
    }
    assert len(others) == 4
    assert names.guest_uuid(US, MARK) in others


def test_only_files_named_exactly_like_ours_are_ours() -> None:
    native = names.guest_uuid(US, MARK)
    assert names.guest_of_file(f"{native}.qcow2") == native
    assert names.guest_of_file(f"{native}.qcow2.new") == native
    for name in (f"{native}.raw", "vo_1.qcow2.bak", "qcow2", "a b.qcow2"):
        assert names.guest_of_file(name) is None
        assert names.volume_of_file(name) is None
    assert names.guest_of_file(f"x{native}.qcow2") is None
    assert names.volume_of_file("vo_1.qcow2") == "vo_1"
    assert names.volume_of_file(".qcow2") is None


@pytest.mark.parametrize(
    "native", ["", "x", "../x", "0" * 32, "A" * 8 + "-0000-4000-8000-000000000000"]
)
def test_what_is_not_a_uuid_as_libvirt_writes_it_names_no_guest(native: str) -> None:
    assert not names.is_guest_uuid(NativeId(native))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"colour": "red"}, "options.colour"),
        ({"uri": "qemu+ssh://elsewhere/system", **FOLDERS}, "options.uri"),
        ({"uri": "xen:///", **FOLDERS}, "options.uri"),
        ({"images": "/i", "pool": "/p"}, "options.serial"),
        ({**FOLDERS, "pool": "relative"}, "options.pool"),
        ({**FOLDERS, "accelerator": "warp"}, "options.accelerator"),
        ({**FOLDERS, "address": "::1"}, "options.address"),
        ({**FOLDERS, "address": "example.org"}, "options.address"),
        ({**FOLDERS, "address": "10.0.0.7", "ports": "80"}, "options.ports"),
        ({**FOLDERS, "address": "10.0.0.7", "ports": "90-80"}, "options.ports"),
        ({**FOLDERS, "address": "10.0.0.7", "ports": "1-99999"}, "options.ports"),
        ({**FOLDERS, "offer_cpus": "-1"}, "options.offer_cpus"),
        ({**FOLDERS, "offer_disk_mib": "2.5"}, "options.offer_disk_mib"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(
    options: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read_options(options)
    assert refused.value.field == field


def test_the_kind_of_engine_is_read_from_the_uri() -> None:
    assert read_options({"uri": "test:///default"}).engine == "test"
    assert read_options({"uri": "qemu+unix:///system?socket=/s", **FOLDERS}).engine == "qemu"
    assert read_options(FOLDERS).uri == "qemu:///system"


def test_a_port_with_a_socket_is_logged_all_the_same() -> None:
    tree = tree_of(SPEC, replace(BUILD, console=Path("/serial/x.sock")))
    (serial,) = tree.findall("devices/serial")
    log, source = serial.find("log"), serial.find("source")
    assert log is not None
    assert source is not None
    assert (serial.get("type"), source.attrib) == (
        "unix",
        {"mode": "bind", "path": "/serial/x.sock"},
    )
    assert log.attrib == {"file": "/serial/x.log", "append": "on"}
    assert domains.console_of(tree) == Path("/serial/x.sock")


def test_a_port_without_a_socket_has_a_log_and_no_console() -> None:
    tree = tree_of(SPEC)
    (serial,) = tree.findall("devices/serial")
    assert serial.get("type") == "file"
    assert domains.console_of(tree) is None


@pytest.mark.parametrize(
    ("offer", "taken", "left"),
    [
        (Offer(None, None, None), 12, 4),
        (Offer(8, None, None), 0, 8),
        (Offer(8, None, None), 6, 8),
        (Offer(8, None, None), 12, 4),
        (Offer(32, None, None), 12, 20),
        (Offer(32, None, None), 40, 0),
        (Offer(0, None, None), 1, 0),
    ],
)
def test_of_what_is_offered_others_take_theirs(offer: Offer, taken: int, left: int) -> None:
    there = Capacity(16, 1000, 1000)
    assert left_of(there, Capacity(taken, 100, 0), offer) == Capacity(left, 900, 1000)


def test_memory_and_disk_are_offered_up_to_what_others_leave() -> None:
    there, taken = Capacity(16, 1000, 1000), Capacity(0, 700, 1200)
    assert left_of(there, taken, Offer(None, 200, 500)) == Capacity(16, 200, 0)
    assert left_of(there, taken, Offer(None, 400, 500)) == Capacity(16, 300, 0)
