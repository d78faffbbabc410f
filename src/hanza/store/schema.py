"""The tables.  Migrations in `migrations/` lead here; a test compares the two.

Every column has one writer: *wanted* columns and a resource's own words the API, `held_*` the
guarded hold, `seen` and `orphans` the agents' reports, `shown_*` and `restarts_done` the
settling pass, `home` whoever ends a run to have another, `violations` the judging pass.
A resource's conditions, status and document are written by whoever brings it a step further, in
the transaction of that step: the API when it accepts a change, the engine when one is done.
"""

import sqlalchemy as sa

from hanza.store.database import Instant

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> "sa.Column[str]":
    return sa.Column("id", sa.Text, primary_key=True)


def _ref(name: str, table: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _count(name: str, default: int | None = None) -> "sa.Column[int]":
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=server_default)


def _at(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, Instant, nullable=nullable)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON(none_as_null=True))


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


federation = sa.Table("federation", metadata, _id(), _count("epoch"), _at("created_at"))

providers = sa.Table(
    "providers",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("title"),
    _at("created_at"),
    sa.Column("price_cpu_hour", sa.BigInteger),
    sa.Column("price_gib_hour", sa.BigInteger),
    sa.Column("price_disk_gib_hour", sa.BigInteger),
    _json("attributes"),
)

sites = sa.Table(
    "sites",
    metadata,
    _id(),
    _ref("provider_id", "providers"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("country"),
    _text("city"),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    _at("created_at"),
    _text("class", nullable=True),
    _json("attributes"),
)

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("host"),
    _count("port"),
    _text("place"),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    _at("created_at"),
)

rtts = sa.Table(
    "rtts",
    metadata,
    sa.Column("site_id", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
    sa.Column("point", sa.Text, primary_key=True),  # the probe's name
    sa.Column("ms", sa.Float, nullable=False),
    _at("at"),
    _text("agent_id", nullable=True),
)

agents = sa.Table(
    "agents",
    metadata,
    _id(),
    _ref("site_id", "sites"),
    sa.Column("public_key", sa.LargeBinary, nullable=False, unique=True),
    _text("driver"),
    _at("joined_at"),
    _count("epoch"),
    _count("manifest_no", 0),
    sa.Column("manifest_hash", sa.LargeBinary, nullable=False),
    _count("starts", 0),
    sa.Column("nonce", sa.Text, nullable=False, server_default=""),
    _flag("is_contested"),
    _count("report_no", 0),
    _at("heard_at", nullable=True),
    _text("trouble_code", nullable=True),
    _text("trouble_text", nullable=True),
    _at("trouble_since", nullable=True),
    _at("revoked_at", nullable=True),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("reference_policy", sa.Text, nullable=False, server_default="strict"),
    _at("created_at"),
)

join_tokens = sa.Table(
    "join_tokens",
    metadata,
    _id(),
    _ref("site_id", "sites"),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    _ref("agent_id", "agents", nullable=True),
    _at("revoked_at", nullable=True),
)

hosts = sa.Table(
    "hosts",
    metadata,
    _id(),
    _ref("agent_id", "agents"),
    _ref("site_id", "sites"),
    _text("name"),
    _count("cpus"),
    _count("memory_mib"),
    _count("disk_mib"),
    _count("held_cpus", 0),
    _count("held_memory_mib", 0),
    _count("held_disk_mib", 0),
    _text("accelerator"),
    _flag("is_offered"),
    _at("refuses_until", nullable=True),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("agent_id", "name"),
)

bundles = sa.Table(
    "bundles",
    metadata,
    _id(),
    _text("cmdline"),
    _count("disk_mib"),
    _text("disk_blob", nullable=True),
    sa.Column("disk_bytes", sa.BigInteger),
    _text("kernel_blob", nullable=True),
    sa.Column("kernel_bytes", sa.BigInteger),
    _text("initrd_blob", nullable=True),
    sa.Column("initrd_bytes", sa.BigInteger),
)

images = sa.Table(
    "images",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _ref("bundle_id", "bundles"),
    _at("created_at"),
)

instances = sa.Table(
    "instances",
    metadata,
    _id(),
    _text("tenant"),
    _text("workspace"),
    _text("name"),
    _text("country"),
    _text("image"),
    _count("cpus"),
    _count("memory_mib"),
    _count("disk_mib"),
    _text("power"),
    _count("generation", 1),
    _flag("is_ended"),
    _at("created_at"),
    _count("runs", 0),
    _text("waiting_code", nullable=True),
    _text("waiting_text", nullable=True),
    _at("waiting_since", nullable=True),
    sa.Column("shown_state", sa.Text, nullable=False, server_default="pending"),
    _text("shown_power", nullable=True),
    sa.Column("shown_boot", sa.Text, nullable=False, server_default="unknown"),
    _text("shown_code", nullable=True),
    _text("shown_reason", nullable=True),
    _json("policy"),
    _text("app", nullable=True),
    _text("component", nullable=True),
    _text("zone", nullable=True),
    _text("boot_volume", nullable=True),
    _text("home", nullable=True),
    _count("restarts", 0),
    _count("restarts_done", 0),
    _ref("bundle_id", "bundles", nullable=True),
    sa.Column("hostname", sa.Text, nullable=False, server_default=""),
    sa.Column("ssh_keys", sa.Text, nullable=False, server_default=""),
    sa.Column("user_data", sa.Text, nullable=False, server_default=""),
    sa.Column("ports", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("tenant", "workspace", "name"),
    sa.Index("ix_instances_tenant_workspace_app", "tenant", "workspace", "app"),
)

volume_places = sa.Table(
    "volume_places",
    metadata,
    sa.Column("volume_id", sa.Text, primary_key=True),
    _ref("host_id", "hosts"),
    _text("instance_id", nullable=True),
)

resources = sa.Table(
    "resources",
    metadata,
    _id(),
    _text("kind"),
    _text("tenant"),
    _text("workspace"),
    _text("name"),
    _text("region"),
    _count("version", 1),
    _at("created_at"),
    _at("modified_at"),
    _at("deleted_at", nullable=True),
    _text("labels", nullable=True),
    _text("annotations", nullable=True),
    _text("extensions", nullable=True),
    _text("spec"),
    _text("conditions"),
    _count("owed", 0),
    _text("status"),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("kind", "tenant", "workspace", "name"),
    sa.Index("ix_resources_tenant_workspace", "tenant", "workspace"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("instance_id", sa.Text, sa.ForeignKey("instances.id"), primary_key=True),
    _count("run_epoch"),
    _ref("host_id", "hosts"),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    _count("cpus"),
    _count("memory_mib"),
    _count("disk_mib"),
    _flag("is_ending"),
    _at("taken_at"),
)

manifests = sa.Table(
    "manifests",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _at("published_at"),
)

seen = sa.Table(
    "seen",
    metadata,
    sa.Column("instance_id", sa.Text, sa.ForeignKey("instances.id"), primary_key=True),
    _count("run_epoch"),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    _text("role"),
    _text("presence"),
    _text("native", nullable=True),
    _text("power", nullable=True),
    _text("boot"),
    _text("serial_tail"),
    _text("problem_code", nullable=True),
    _text("problem_text", nullable=True),
    _at("problem_since", nullable=True),
    _at("seen_at"),
)

orphans = sa.Table(
    "orphans",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    _text("owner"),
    _count("run_epoch"),
    _text("host"),
    _text("power"),
    _at("since"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column(
        "serial",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    _at("at"),
    _text("kind"),
    _text("subject"),
    _text("text"),
    _text("tenant", nullable=True),
    sa.Index("ix_events_tenant_serial", "tenant", "serial"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("workspace", sa.Text, primary_key=True),
    sa.Column("policy", sa.JSON(none_as_null=True), nullable=False),
    _count("version", 1),
    _at("changed_at"),
)

violations = sa.Table(
    "violations",
    metadata,
    sa.Column("instance_id", sa.Text, primary_key=True),
    sa.Column("level", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, index=True),
    _text("sentence"),
    _at("since"),
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("ref", sa.Text, primary_key=True),
    _at("due_at"),
    _count("hint", 1),
    _text("token", nullable=True),
    _at("leased_until", nullable=True),
    _count("failures", 0),
    sa.Index("ix_work_kind_due_at", "kind", "due_at"),
)
