"""Whether a machine is fit for the demo, decided from data alone."""

from dataclasses import replace

import pytest

from hanza.boot.demo.fitness import Found, memory_mib_of, needs_for, refusals, system_of

NEEDS = needs_for(guests=7, sites=6, port=7443, is_installed=False)
FIT = Found(
    is_root=True,
    system="Debian 12",
    families=frozenset({"debian"}),
    machine="x86_64",
    has_apt=True,
    has_namespaces=True,
    is_port_free=True,
    memory_mib=8000,
    disk_mib=20000,
    disk_at="/var/lib",
)


def test_a_fit_machine_is_not_refused() -> None:
    assert refusals(FIT, NEEDS) == []


def test_without_root_only_that_is_said() -> None:
    (said,) = refusals(replace(FIT, is_root=False, memory_mib=1, has_namespaces=False), NEEDS)
    assert "root" in said


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(FIT, is_port_free=False), ["7443", "--port"]),
        (replace(FIT, memory_mib=512), ["512 MiB", f"{NEEDS.memory_mib} MiB", "memory"]),
        (replace(FIT, disk_mib=100), ["100 MiB", f"{NEEDS.disk_mib} MiB", "/var/lib"]),
        (replace(FIT, families=frozenset({"fedora"}), system="Fedora 40"), ["Fedora 40", "apt"]),
        (replace(FIT, has_apt=False), ["apt", "untried"]),
        (replace(FIT, machine="aarch64"), ["aarch64"]),
        (replace(FIT, has_namespaces=False), ["namespaces"]),
    ],
)
def test_each_lack_is_one_sentence_with_its_numbers(found: Found, words: list[str]) -> None:
    (said,) = refusals(found, NEEDS)
    assert all(word in said for word in words)
    assert said.endswith(".")
    assert "\n" not in said


def test_every_lack_is_told_at_once() -> None:
    assert len(refusals(replace(FIT, memory_mib=1, disk_mib=1, is_port_free=False), NEEDS)) == 3


def test_what_is_installed_needs_no_disk_again() -> None:
    again = needs_for(guests=7, sites=6, port=7443, is_installed=True)
    assert again.disk_mib < NEEDS.disk_mib
    assert again.memory_mib == NEEDS.memory_mib


def test_more_guests_need_more_memory() -> None:
    more = needs_for(guests=8, sites=6, port=7443, is_installed=False)
    assert more.memory_mib > NEEDS.memory_mib


@pytest.mark.parametrize(
    ("text", "system", "family"),
    [
        ('NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n', "Debian 12", "debian"),
        (
            'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
            "Ubuntu 24.04",
            "debian",
        ),
        (
            'NAME="Linux Mint"\nVERSION_ID="22"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
            "Linux Mint 22",
            "ubuntu",
        ),
    ],
)
def test_a_system_says_its_name_and_family(text: str, system: str, family: str) -> None:
    name, families = system_of(text)
    assert name == system
    assert family in families


def test_an_unknown_system_has_no_name() -> None:
    assert system_of("") == ("", frozenset())


def test_free_memory_is_what_is_available() -> None:
    assert memory_mib_of("MemTotal: 4 kB\nMemAvailable:    2097152 kB\n") == 2048
    assert memory_mib_of("") == 0
