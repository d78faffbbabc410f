"""Block storages of before there were volumes: kept by name and size, and no disk is taken away."""

import json

import pytest
import sqlalchemy as sa

from hanza.model.ids import VolumeId
from hanza.store.migrate import migrate
from hanza.store.tx import Store, Tx
from hanza.store.volumes import find_volume

BEFORE, AT = "0009", 1_767_225_600_000_000
HOST = {"id": "ho_1", "agent_id": "ag_1", "site_id": "si_1", "name": "host-1"}
ROWS: dict[str, list[dict[str, object]]] = {
    "providers": [{"id": "pr_1", "name": "p", "title": "P", "created_at": AT}],
    "sites": [
        {"id": "si_1", "provider_id": "pr_1", "name": "s", "country": "DE", "city": "S"}
        | {"latitude": 50.0, "longitude": 10.0, "created_at": AT}
    ],
    "agents": [
        {"id": "ag_1", "site_id": "si_1", "public_key": b"k", "driver": "fake", "joined_at": AT}
        | {"epoch": 1, "manifest_hash": bytes(32)}
    ],
    "hosts": [HOST | {"cpus": 8, "memory_mib": 8, "disk_mib": 8, "accelerator": "none"}],
    "instances": [
        {"id": f"in_{name}", "tenant": "acme", "workspace": "shop", "name": name}
        | {"country": "DE", "image": "tiny", "cpus": 1, "memory_mib": 1, "disk_mib": 1024}
        | {"power": "on", "created_at": AT, "boot_volume": f"vo_{name}"}
        for name in ("placed", "waiting")
    ],
    "resources": [
        {"id": f"vo_{name}", "kind": "block-storage", "tenant": "acme", "workspace": "shop"}
        | {"name": name, "region": "de", "created_at": AT, "modified_at": AT}
        | {"spec": json.dumps({"sizeGB": 2}), "conditions": "[]", "status": "{}"}
        | {"document": b"{}", "deleted_at": AT if name == "ended" else None}
        for name in ("placed", "waiting", "ended")
    ],
    "holds": [
        {"instance_id": "in_placed", "run_epoch": 1, "host_id": "ho_1", "agent_id": "ag_1"}
        | {"cpus": 1, "memory_mib": 1, "disk_mib": 1024, "taken_at": AT}
    ],
    "volume_places": [{"volume_id": "vo_placed", "host_id": "ho_1", "instance_id": "in_placed"}],
}


@pytest.fixture
def store(empty_url: str) -> Store:
    migrate(empty_url, BEFORE)
    engine = sa.create_engine(empty_url)
    with engine.begin() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        for table, rows in ROWS.items():
            connection.execute(sa.insert(tables.tables[table]), rows)
    engine.dispose()
    migrate(empty_url)
    return Store(empty_url)


def _rows(tx: Tx, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in tx.execute(sa.text(query))]


def test_storages_become_volumes_and_what_runs_keeps_its_own_disk(store: Store) -> None:
    try:
        for name, is_ended in (("placed", False), ("waiting", False), ("ended", True)):
            record = store.read(find_volume, VolumeId(f"vo_{name}"))
            assert record is not None
            wanted = record.wanted
            assert (wanted.name, wanted.size_mib, wanted.is_ended) == (name, 2048, is_ended)
            assert (record.stay, record.held_mib, record.instance) == (None, 0, None)
        boots = store.read(_rows, "SELECT id, boot_volume FROM instances ORDER BY id")
        assert boots == [("in_placed", None), ("in_waiting", "vo_waiting")]
        assert store.read(_rows, "SELECT kind, ref FROM work") == [("settle", "vo_ended")]
    finally:
        store.close()
