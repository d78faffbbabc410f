"""KVM is believed only after a guest has booted on it; QEMU is a script here."""

import json
from pathlib import Path

import pytest

from hanza.drivers.libvirt import accelerator
from hanza.model.errors import Invalid

DEAF = "echo 'Linux version 6.1: booting the kernel'; exec sleep 60"
DEAD = "exit 1"
ALIVE = "echo 'hanza guest x (y) is up: boot 1'; exec sleep 60"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    image = tmp_path / "images" / "tiny"
    image.mkdir(parents=True)
    for name in ("kernel", "initrd", "cmdline"):
        (image / name).write_text(name)
    return image.parent


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    return tmp_path / "state" / "proof.json"


def emulator(tmp_path: Path, boot: str, version: str = "7.2") -> accelerator.Host:
    """A host whose QEMU says `boot` on its serial port, and which counts its boots."""
    script = tmp_path / "qemu"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo {version}; exit; fi\n'
        f"echo boot >> {tmp_path}/boots\n{boot}\n"
    )
    script.chmod(0o755)
    device = tmp_path / "kvm"
    device.touch()
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("first boot\n")
    return accelerator.Host(str(script), device, boot_id, patience_s=1.0)


def boots(tmp_path: Path) -> int:
    file = tmp_path / "boots"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.parametrize(("boot", "found"), [(ALIVE, "kvm"), (DEAF, "tcg"), (DEAD, "tcg")])
def test_kvm_is_what_a_guest_has_booted_on_and_that_is_remembered(
    tmp_path: Path, images: Path, proof: Path, boot: str, found: str
) -> None:
    host = emulator(tmp_path, boot)
    for _ in range(2):
        assert accelerator.choose_accelerator("auto", images, proof, host) == found
    assert boots(tmp_path) == 1


def test_it_is_proved_anew_when_the_host_the_emulator_or_the_kernel_changes(
    tmp_path: Path, images: Path, proof: Path
) -> None:
    host = emulator(tmp_path, ALIVE)
    accelerator.choose_accelerator("auto", images, proof, host)
    host.boot_id.write_text("second boot\n")
    accelerator.choose_accelerator("auto", images, proof, host)
    (images / "tiny" / "kernel").write_text("another kernel")
    accelerator.choose_accelerator("auto", images, proof, host)
    newer = emulator(tmp_path, ALIVE, version="8.0")
    newer.boot_id.write_text("second boot\n")
    accelerator.choose_accelerator("auto", images, proof, newer)
    assert boots(tmp_path) == 4


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"accelerator": "kvm"})])
def test_a_proof_that_cannot_be_read_is_no_proof(
    tmp_path: Path, images: Path, proof: Path, text: str
) -> None:
    proof.parent.mkdir()
    proof.write_text(text)
    host = emulator(tmp_path, DEAD)
    assert accelerator.choose_accelerator("auto", images, proof, host) == "tcg"


def test_without_a_device_or_an_image_or_a_wish_nothing_is_tried(
    tmp_path: Path, images: Path, proof: Path
) -> None:
    host = emulator(tmp_path, ALIVE)
    assert accelerator.choose_accelerator("tcg", images, proof, host) == "tcg"
    assert accelerator.choose_accelerator("auto", tmp_path / "none", proof, host) == "tcg"
    host.device.unlink()
    assert accelerator.choose_accelerator("auto", images, proof, host) == "tcg"
    assert boots(tmp_path) == 0


def test_insisting_on_kvm_where_it_does_not_work_is_refused(
    tmp_path: Path, images: Path, proof: Path
) -> None:
    with pytest.raises(Invalid):
        accelerator.choose_accelerator("kvm", images, proof, emulator(tmp_path, DEAD))


def test_a_strangers_kernel_proves_nothing(tmp_path: Path, images: Path, proof: Path) -> None:
    (images / "tiny").rename(images / ("a" * 64))
    host = emulator(tmp_path, ALIVE)
    assert accelerator.choose_accelerator("auto", images, proof, host) == "tcg"
    assert boots(tmp_path) == 0
