"""A real Debian with cloud-init on real libvirt: it is called, opened and set up as it was told.

Run by `make test-debian`, which builds the image first (`make image-debian`, minutes, cached).
"""

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.boot.debian_image import NAME
from hanza.drivers.contract.words import A, guest_of
from hanza.drivers.libvirt import open_driver
from hanza.model.guest import GuestSpec, Port
from hanza.model.ids import FederationId
from kit.libvirtd import Libvirtd
from kit.processes import free_port
from kit.waiting import until

IMAGE = Path(__file__).parents[2] / ".cache" / "debian" / NAME
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Zl1aWQ7cm5v5rr0y4FPbZl8mF0XUWcO0q3vMZ9Yqk ana@zagreb"
USER_DATA = """\
#cloud-config
write_files:
  - path: /etc/motto
    content: "kava: <&> 'first'"
runcmd:
  - "echo HEARD $(hostname) $(cat /etc/motto) > /dev/ttyS0"
  - "echo KEYS $(cat /home/debian/.ssh/authorized_keys) > /dev/ttyS0"
  - "echo NET $(ip -o -4 address show eth0) > /dev/ttyS0"
  - "echo DISK $(lsblk -bdno SIZE /dev/vda) $(df -m --output=size / | tail -1) > /dev/ttyS0"
  - "(timeout 9 bash -c ': < /dev/tcp/10.0.2.2/LISTENER' && echo OUTSIDE) > /dev/ttyS0"
  - "echo ALL SAID > /dev/ttyS0"
"""
BOOT_WITHIN_S = 300
ADDRESS = "10.219.0.1"


@pytest.fixture
def libvirtd() -> Iterator[Libvirtd]:
    daemon = Libvirtd()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def address() -> Iterator[None]:
    """Not loopback: from there a guest is called by its emulator, from elsewhere by the caller."""
    word = (f"{ADDRESS}/32", "dev", "lo")
    subprocess.run(("ip", "address", "add", *word), check=True, timeout=10)
    yield
    subprocess.run(("ip", "address", "delete", *word), check=True, timeout=10)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("address")
def test_a_debian_is_what_it_was_told_at_its_first_boot(libvirtd: Libvirtd) -> None:
    assert IMAGE.exists(), "make image-debian builds it"
    images = Path(tempfile.mkdtemp(dir=libvirtd.folder))
    (images / "debian").mkdir()
    (images / "debian" / "disk.qcow2").symlink_to(IMAGE)
    driver = open_driver(
        FederationId("fe_us"),
        {
            "uri": libvirtd.uri,
            "images": str(images),
            "pool": str(libvirtd.folder / "pool"),
            "serial": str(libvirtd.folder / "serial"),
            "accelerator": "tcg",
            "address": ADDRESS,
        },
    )
    host = driver.survey().hosts[0].name
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    told = USER_DATA.replace("LISTENER", str(listener.getsockname()[1]))
    port = free_port()
    ports = (Port(port, 22),)
    spec = GuestSpec("web", "debian", 1, 512, 2048, "kava-1", (KEY,), told, ports)
    driver.create(A, host, spec)
    native = guest_of(driver, A).native
    driver.set_power(native, "on")

    def serial() -> str:
        return driver.serial_tail(native, 65536).decode(errors="replace")

    until(lambda: "ALL SAID" in serial(), "cloud-init has done what it was told", BOOT_WITHIN_S)
    said = serial()
    assert "HEARD kava-1 kava: <&> 'first'" in said
    assert f"KEYS {KEY}" in said
    assert "10.0.2.15/24" in said
    assert f"DISK {2048 * 2**20} 19" in said or f"DISK {2048 * 2**20}  19" in said
    with socket.create_connection((ADDRESS, port), 10) as ssh:
        ssh.settimeout(20)
        assert ssh.recv(8).startswith(b"SSH-2.0")
    # Not even the host's own loopback can be reached from inside.
    assert "OUTSIDE" not in said
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()
    driver.destroy(native)
    driver.close()
