"""Ports that were published before they were held are held from then on; of two the first one."""

import sqlalchemy as sa

from hanza.store.migrate import migrate, migrate_back

BEFORE, AT = "0013", 1_767_225_600_000_000


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        done = connection.exec_driver_sql(statement)
        found = [tuple(row) for row in done] if done.returns_rows else []
    engine.dispose()
    return found


def test_ports_of_what_is_placed_are_held(empty_url: str) -> None:
    migrate(empty_url, BEFORE)
    known = f"INSERT INTO providers (id, name, title, created_at) VALUES ('pr', 'p', 'P', {AT})"
    rows(empty_url, known)
    rows(
        empty_url,
        "INSERT INTO sites (id, provider_id, name, country, city, latitude, longitude, created_at)"
        f" VALUES ('si', 'pr', 's', 'DE', 'Ulm', 48.4, 10.0, {AT})",
    )
    rows(
        empty_url,
        "INSERT INTO agents (id, site_id, public_key, driver, joined_at, epoch, manifest_hash)"
        f" VALUES ('ag', 'si', 'k', 'fake', {AT}, 1, 'h')",
    )
    rows(
        empty_url,
        "INSERT INTO hosts (id, agent_id, site_id, name, cpus, memory_mib, disk_mib, accelerator)"
        " VALUES ('ho', 'ag', 'si', 'h', 1, 1, 1, 'none')",
    )
    for name, ports, at in (("late", "8080:80,22:22", 2), ("early", "8080:80", 1), ("none", "", 0)):
        rows(
            empty_url,
            "INSERT INTO instances (id, tenant, workspace, name, country, image, cpus, memory_mib,"
            f" disk_mib, power, created_at, ports) VALUES ('{name}', 't', 'w', '{name}', 'DE',"
            f" 'i', 1, 1, 1, 'on', {AT}, '{ports}')",
        )
        rows(
            empty_url,
            "INSERT INTO holds (instance_id, run_epoch, host_id, agent_id, cpus, memory_mib,"
            f" disk_mib, taken_at) VALUES ('{name}', 1, 'ho', 'ag', 1, 1, 1, {at})",
        )
    migrate(empty_url)
    held = rows(empty_url, "SELECT host_id, port, instance_id FROM held_ports ORDER BY port")
    assert held == [("ho", 22, "late"), ("ho", 8080, "early")]
    migrate_back(empty_url, BEFORE)
    migrate(empty_url)
    assert (
        rows(empty_url, "SELECT host_id, port, instance_id FROM held_ports ORDER BY port") == held
    )
