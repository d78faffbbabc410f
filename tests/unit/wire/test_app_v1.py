import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import Invalid
from hanza.model.guest import Port
from hanza.wire.app_v1 import app_from_yaml

GOOD = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: kava
    country: NO
    image: tiny
    memory: 1Gi
    disk: 64Mi
  - {name: db, country: DE, image: tiny, memory: 96Mi, disk: 64Mi, cpus: 2, power: off}
"""


def test_a_file_becomes_an_app_and_norway_stays_norway() -> None:
    app = app_from_yaml(GOOD.encode(), "app.yaml")
    assert app.workspace == "demo"
    kava, db = app.components
    assert (kava.name, kava.country, kava.memory_mib, kava.cpus, kava.power) == (
        "kava",
        "NO",
        1024,
        1,
        "on",
    )
    assert (db.cpus, db.power) == (2, "off")


TOLD = """\
    hostname: kava-1
    sshKeys:
      - ssh-ed25519 AAAA ana@zagreb
    userData: |
      #cloud-config
      runcmd: [reboot]
"""


def test_what_a_guest_is_told_is_taken_as_it_stands() -> None:
    content = GOOD.replace("    disk: 64Mi\n", "    disk: 64Mi\n" + TOLD, 1)
    kava, db = app_from_yaml(content.encode(), "app.yaml").components
    assert kava.hostname == "kava-1"
    assert kava.ssh_keys == ("ssh-ed25519 AAAA ana@zagreb",)
    assert kava.user_data == "#cloud-config\nruncmd: [reboot]\n"
    assert "reboot" not in repr(kava)
    assert (db.hostname, db.ssh_keys, db.user_data) == ("", (), "")
    for old, new, line in (
        ("kava-1", "Kava", 9),
        ("ssh-ed25519 AAAA ana@zagreb", "whatever", 11),
        ("#cloud-config", "x" * 20000, 12),
    ):
        with pytest.raises(Invalid) as refusal:
            app_from_yaml(content.replace(old, new, 1).encode(), "app.yaml")
        assert refusal.value.field is not None
        assert refusal.value.field.startswith(f"app.yaml:{line}:")


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ("[{port: 8080, to: 80}, {port: 22}]", (Port(22, 22), Port(8080, 80))),
        ("[{port: 0}]", None),
        ("[{port: 80}, {port: 80, to: 81}]", None),
        ("[{to: 80}]", None),
        ("[80]", None),
        ("80", None),
        ("[{port: 80, proto: udp}]", None),
    ],
)
def test_ports_are_numbers_that_can_be(ports: str, said: tuple[Port, ...] | None) -> None:
    content = GOOD.replace("    disk: 64Mi\n", f"    disk: 64Mi\n    ports: {ports}\n", 1).encode()
    if said is not None:
        assert app_from_yaml(content, "app.yaml").components[0].ports == said
        return
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(content, "app.yaml")
    assert str(refusal.value.field).startswith("app.yaml:9:")


@pytest.mark.parametrize(
    ("old", "new", "place", "text"),
    [
        ("hanza.app/v1", "hanza.app/v9", "1:13", "hanza.app/v1"),
        ("workspace: demo", "workspace: Demo", "2:12", "name"),
        ("workspace: demo", "workspac: demo", "2:1", "not known"),
        ("workspace: demo\n", "", "1:1", "missing"),
        ("country: NO", "country: Norway", "5:14", "country"),
        ("memory: 1Gi", "memory: 1GB", "7:13", "96Mi"),
        ("memory: 1Gi", "memory: [1]", "7:13", "word"),
        ("cpus: 2", "cpus: 2.5", "9:74", "whole number"),
        ("power: off", "power: maybe", "9:84", "on or off"),
        ("name: db", "name: kava", "9:5", "another"),
        ("    image: tiny\n", "    image: tiny\n    image: tiny\n", "7:5", "twice"),
        ("name: kava", "name: &a kava", "4:11", "aliases"),
        ("workspace: demo", "workspace: *a", "2:12", "aliases"),
        ("workspace: demo", "workspace: ]", "2:12", ""),
    ],
)
def test_errors_say_where_and_what_was_expected(old: str, new: str, place: str, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(GOOD.replace(old, new, 1).encode(), "app.yaml")
    assert refusal.value.field == f"app.yaml:{place}"
    assert text in refusal.value.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"- a\n- b\n",
        b"a: b\n---\nc: d\n",
        b"[" * 5000,
        b"x" * (2**20 + 1),
        b"!!python/object:os.system {}",
        b"apiVersion: hanza.app/v1\nworkspace: demo\ncomponents: []\n",
        b"{? [a] : b}",
    ],
)
def test_hostile_files_are_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        app_from_yaml(content, "app.yaml")


@given(st.text())
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    try:
        app_from_yaml(text.encode("utf-8", "replace"), "app.yaml")
    except Invalid:
        return
