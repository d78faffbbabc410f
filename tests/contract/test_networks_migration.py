"""What was named before there were networks keeps its name, and loses nothing going back."""

import sqlalchemy as sa

from hanza.store.migrate import migrate, migrate_back

BEFORE, AT = "0010", 1_767_225_600_000_000
ROW = {"kind": "workspace", "tenant": "acme", "workspace": "", "region": "de"} | {
    "created_at": AT,
    "modified_at": AT,
    "spec": "{}",
    "conditions": "[]",
    "status": "{}",
    "document": b"{}",
}
EVENT = {"at": AT, "kind": "tenant.added", "subject": "acme", "text": "t", "tenant": "acme"}


def rows(url: str, table: str, insert: list[dict[str, object]]) -> list[dict[str, object]]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        known = sa.Table(table, sa.MetaData(), autoload_with=connection)
        if insert:
            connection.execute(sa.insert(known), insert)
        found = [dict(row._mapping) for row in connection.execute(sa.select(known))]
    engine.dispose()
    return found


def test_names_are_kept_there_and_back(empty_url: str) -> None:
    migrate(empty_url, BEFORE)
    rows(empty_url, "resources", [ROW | {"id": "wo_1", "name": "shop"}])
    rows(empty_url, "events", [EVENT])
    migrate(empty_url)
    inside = ROW | {"kind": "subnet", "workspace": "shop", "name": "front"}
    both = [inside | {"id": f"su_{one}", "network": one} for one in ("a", "b")]
    found = rows(empty_url, "resources", both)
    assert {(one["name"], one["network"]) for one in found} == {
        ("shop", ""),
        ("front", "a"),
        ("front", "b"),
    }
    (event,) = rows(empty_url, "events", [])
    assert (event["workspace"], event["ref"]) == (None, None)
    migrate_back(empty_url, BEFORE)
    (left,) = rows(empty_url, "resources", [])
    assert left["name"] == "shop"
    assert len(rows(empty_url, "events", [])) == 1
