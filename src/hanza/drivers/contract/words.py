"""What the clauses ask sites for: a few marks, specs, and names that we do not control."""

from dataclasses import replace

from hanza.drivers.spi import Driver
from hanza.model.guest import Guest, GuestSpec, Mark, Volume
from hanza.model.ids import InstanceId, NativeId, VolumeId

A = Mark(InstanceId("in_01contracta"), 1)
B = Mark(InstanceId("in_01contractb"), 1)
V = VolumeId("vo_01contractv")
W = VolumeId("vo_01contractw")
ABSENT = NativeId("00000000-0000-4000-8000-000000000000")
NEVER_WAS = NativeId("never-was/../*")
SMALL = GuestSpec(name="web", image="tiny", cpus=1, memory_mib=96, disk_mib=64)

BOOTING = replace(SMALL, boot_volume=V)
"""Its disk is the volume V."""

SECRET = "correct horse battery staple"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Zl1aWQ7cm5v5rr0y4FPbZl8mF0XUWcO0q3vMZ9Yqk ana@zagreb"
SEEDED = replace(SMALL, hostname="web-1", ssh_keys=(KEY,), user_data=f"#cloud-config\n# {SECRET}\n")

MARKS_THAT_LOOK_ALIKE = (
    Mark(InstanceId("in_01alike"), 1),
    Mark(InstanceId("in_01alike"), 11),
    Mark(InstanceId("in_01alike-r1"), 1),
    Mark(InstanceId("IN_01ALIKE"), 1),
)

WRONG_SPECS = (
    replace(SMALL, cpus=0),
    replace(SMALL, memory_mib=0),
    replace(SMALL, disk_mib=-1),
    replace(SMALL, image=""),
    replace(SMALL, image="../../etc"),
    replace(SMALL, image="-o"),
    replace(SMALL, name="x" * 5000),
    replace(SMALL, name="\ud800"),
    replace(SMALL, boot_volume=VolumeId("../v")),
    replace(SMALL, hostname="Web"),
    replace(SMALL, hostname="a\nruncmd: [reboot]"),
    replace(SMALL, ssh_keys=("not a key",)),
    replace(SMALL, ssh_keys=(f"{KEY}\n{KEY}",)),
    replace(SMALL, ssh_keys=(KEY,) * 33),
    replace(SMALL, user_data=SECRET * 3000),
    replace(SMALL, user_data=f"{SECRET}\0"),
    replace(SMALL, user_data=f"{SECRET}\ud800"),
)

HOSTILE_NAMES = (
    "",
    "ž" * 200,
    "x" * 1000,
    "<b>&amp;'\"]]><!-- </name>",
    "$(reboot) `reboot` ; rm -rf / | & \\ ${HOME} %s %n {{7*7}} {0}",
    "a,format=raw,id=b",
    "line\nline\r\n\ttab  \u00a0two  spaces ",
    "\x00\x07\x1b[31m\x7f\ufffe\uffff",
    "\u202eright to left\u202c \U0001f600 \u0430\u0440\u0440le",
    "hanza-in_01contracta-r1",
)


def guest_of(driver: Driver, mark: Mark) -> Guest:
    """The one guest with this mark; fails when there is none, or more than one."""
    (guest,) = [guest for guest in driver.survey().guests if guest.mark == mark]
    return guest


def volume_of(driver: Driver, owner: VolumeId) -> Volume:
    (volume,) = [volume for volume in driver.survey().volumes if volume.owner == owner]
    return volume


def made(driver: Driver, host: str, mark: Mark = A, spec: GuestSpec = SMALL) -> Guest:
    driver.create(mark, host, spec)
    return guest_of(driver, mark)
