"""The tables.  Migrations in `migrations/` lead here; a test compares the two.

Every column has one writer: *wanted* columns and a resource's own words the API, `held_*` the
guarded hold, `seen*`, `orphan*` and `is_made` the agents' reports, `shown_*` and `restarts_done`
the settling pass, `home` whoever ends a run to have another, `violations` the judging pass,
`quota_shards` and `provider_shards` the guarded counts, `refused_*` whoever hears the agent,
`is_withheld` and a site's `reasons` the offering pass.
A resource's conditions, status and document are written by whoever brings it a step further, in
the transaction of that step: the API when it accepts a change, the engine when one is done.
"""

import sqlalchemy as sa

from hanza.store import access_tables, rollout_tables  # noqa: F401 -- of the same metadata
from hanza.store.alert_tables import alert_hooks as alert_hooks
from hanza.store.alert_tables import alerts as alerts
from hanza.store.change_tables import host_changes as host_changes
from hanza.store.change_tables import work as work
from hanza.store.columns import METADATA, a_count, a_flag, a_json, a_ref, a_text, an_id, an_instant
from hanza.store.mesh_tables import answerers as answerers
from hanza.store.mesh_tables import meetings as meetings
from hanza.store.policy_tables import policies as policies
from hanza.store.policy_tables import violations as violations
from hanza.store.quota_tables import quota_shards as quota_shards
from hanza.store.quota_tables import quotas as quotas
from hanza.store.seen_tables import orphan_volumes as orphan_volumes
from hanza.store.seen_tables import orphans as orphans
from hanza.store.seen_tables import seen as seen
from hanza.store.seen_tables import seen_volumes as seen_volumes
from hanza.store.site_tables import checkups as checkups
from hanza.store.site_tables import diaries as diaries
from hanza.store.site_tables import strangers as strangers
from hanza.store.standing_tables import maintenance_windows as maintenance_windows
from hanza.store.standing_tables import provider_prices as provider_prices
from hanza.store.standing_tables import provider_users as provider_users
from hanza.store.standing_tables import site_standings as site_standings
from hanza.store.terms_tables import provider_shards as provider_shards
from hanza.store.terms_tables import provider_terms as provider_terms
from hanza.store.volume_tables import volumes as volumes

metadata = METADATA

federation = sa.Table(
    "federation",
    metadata,
    an_id(),
    a_count("epoch"),
    an_instant("created_at"),
    a_count("directory_no", 0),
    sa.Column("directory_urls", sa.Text, nullable=False, server_default=""),
    sa.Column("directory_signature", sa.LargeBinary, nullable=True),
)

providers = sa.Table(
    "providers",
    metadata,
    an_id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    a_text("title"),
    an_instant("created_at"),
    sa.Column("price_cpu_hour", sa.BigInteger),
    sa.Column("price_gib_hour", sa.BigInteger),
    sa.Column("price_disk_gib_hour", sa.BigInteger),
    a_json("attributes"),
    an_instant("prices_until", nullable=True),
    an_instant("suspended_at", nullable=True),
    a_text("suspended_why", nullable=True),
)

sites = sa.Table(
    "sites",
    metadata,
    an_id(),
    a_ref("provider_id", "providers"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    a_text("country"),
    a_text("city"),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    an_instant("created_at"),
    a_text("class", nullable=True),
    a_json("attributes"),
    an_instant("left_at", nullable=True),
)

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    a_text("host"),
    a_count("port"),
    a_text("place"),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    an_instant("created_at"),
)

rtts = sa.Table(
    "rtts",
    metadata,
    sa.Column("site_id", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
    sa.Column("point", sa.Text, primary_key=True),  # the probe's name
    sa.Column("ms", sa.Float, nullable=False),
    an_instant("at"),
    a_text("agent_id", nullable=True),
)

agents = sa.Table(
    "agents",
    metadata,
    an_id(),
    a_ref("site_id", "sites"),
    sa.Column("public_key", sa.LargeBinary, nullable=False, unique=True),
    a_text("driver"),
    an_instant("joined_at"),
    a_count("epoch"),
    a_count("manifest_no", 0),
    sa.Column("manifest_hash", sa.LargeBinary, nullable=False),
    a_count("starts", 0),
    sa.Column("nonce", sa.Text, nullable=False, server_default=""),
    a_flag("is_contested"),
    a_count("report_no", 0),
    an_instant("heard_at", nullable=True),
    a_text("trouble_code", nullable=True),
    a_text("trouble_text", nullable=True),
    an_instant("trouble_since", nullable=True),
    an_instant("revoked_at", nullable=True),
    a_text("refused_text", nullable=True),
    an_instant("refused_since", nullable=True),
    an_instant("braked_since", nullable=True),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("reference_policy", sa.Text, nullable=False, server_default="strict"),
    an_instant("created_at"),
    sa.Column("country", sa.Text),
)

join_tokens = sa.Table(
    "join_tokens",
    metadata,
    an_id(),
    a_ref("site_id", "sites"),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    an_instant("created_at"),
    an_instant("expires_at"),
    an_instant("used_at", nullable=True),
    a_ref("agent_id", "agents", nullable=True),
    an_instant("revoked_at", nullable=True),
)

hosts = sa.Table(
    "hosts",
    metadata,
    an_id(),
    a_ref("agent_id", "agents"),
    a_ref("site_id", "sites"),
    a_text("name"),
    a_count("cpus"),
    a_count("memory_mib"),
    a_count("disk_mib"),
    a_count("held_cpus", 0),
    a_count("held_memory_mib", 0),
    a_count("held_disk_mib", 0),
    a_text("accelerator"),
    a_flag("is_offered"),
    a_flag("is_withheld"),
    an_instant("refuses_until", nullable=True),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("agent_id", "name"),
)

bundles = sa.Table(
    "bundles",
    metadata,
    an_id(),
    a_text("cmdline"),
    a_count("disk_mib"),
    a_text("disk_blob", nullable=True),
    sa.Column("disk_bytes", sa.BigInteger),
    a_text("kernel_blob", nullable=True),
    sa.Column("kernel_bytes", sa.BigInteger),
    a_text("initrd_blob", nullable=True),
    sa.Column("initrd_bytes", sa.BigInteger),
)

images = sa.Table(
    "images",
    metadata,
    an_id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    a_ref("bundle_id", "bundles"),
    an_instant("created_at"),
)

instances = sa.Table(
    "instances",
    metadata,
    an_id(),
    a_text("tenant"),
    a_text("workspace"),
    a_text("name"),
    a_text("country"),
    a_text("image"),
    a_count("cpus"),
    a_count("memory_mib"),
    a_count("disk_mib"),
    a_text("power"),
    a_count("generation", 1),
    a_flag("is_ended"),
    an_instant("created_at"),
    a_count("runs", 0),
    a_text("waiting_code", nullable=True),
    a_text("waiting_text", nullable=True),
    an_instant("waiting_since", nullable=True),
    sa.Column("shown_state", sa.Text, nullable=False, server_default="pending"),
    a_text("shown_power", nullable=True),
    sa.Column("shown_boot", sa.Text, nullable=False, server_default="unknown"),
    a_text("shown_code", nullable=True),
    a_text("shown_reason", nullable=True),
    a_json("before"),
    an_instant("pending_since", nullable=True),
    a_json("policy"),
    a_text("app", nullable=True),
    a_text("component", nullable=True),
    a_text("zone", nullable=True),
    a_text("boot_volume", nullable=True),
    a_text("home", nullable=True),
    a_count("restarts", 0),
    a_count("restarts_done", 0),
    a_ref("bundle_id", "bundles", nullable=True),
    sa.Column("hostname", sa.Text, nullable=False, server_default=""),
    sa.Column("ssh_keys", sa.Text, nullable=False, server_default=""),
    sa.Column("user_data", sa.Text, nullable=False, server_default=""),
    sa.Column("ports", sa.Text, nullable=False, server_default=""),
    sa.Column("data_volumes", sa.Text, nullable=False, server_default=""),
    sa.Column("disks", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("tenant", "workspace", "name"),
    sa.Index("ix_instances_tenant_workspace_app", "tenant", "workspace", "app"),
    sa.Index("ix_instances_boot_volume", "boot_volume"),
)

resources = sa.Table(
    "resources",
    metadata,
    an_id(),
    a_text("kind"),
    a_text("tenant"),
    a_text("workspace"),
    a_text("name"),
    a_text("region"),
    a_count("version", 1),
    an_instant("created_at"),
    an_instant("modified_at"),
    an_instant("deleted_at", nullable=True),
    a_text("labels", nullable=True),
    a_text("annotations", nullable=True),
    a_text("extensions", nullable=True),
    a_text("spec"),
    a_text("conditions"),
    a_count("owed", 0),
    a_text("status"),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("network", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("kind", "tenant", "workspace", "network", "name"),
    sa.Index("ix_resources_tenant_workspace", "tenant", "workspace"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("instance_id", sa.Text, sa.ForeignKey("instances.id"), primary_key=True),
    a_count("run_epoch"),
    a_ref("host_id", "hosts"),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    a_count("cpus"),
    a_count("memory_mib"),
    a_count("disk_mib"),
    a_flag("is_ending"),
    a_flag("is_confirmed"),
    an_instant("taken_at"),
)

held_ports = sa.Table(
    "held_ports",
    metadata,
    sa.Column("host_id", sa.Text, sa.ForeignKey("hosts.id"), primary_key=True),
    sa.Column("port", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("instance_id", sa.Text, nullable=False, index=True),
)

manifests = sa.Table(
    "manifests",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    an_instant("published_at"),
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
    an_instant("at"),
    a_text("kind"),
    a_text("subject"),
    a_text("text"),
    a_text("tenant", nullable=True),
    a_text("workspace", nullable=True),
    a_text("ref", nullable=True),
    a_text("provider", nullable=True),
    sa.Index("ix_events_provider_serial", "provider", "serial"),
    sa.Index("ix_events_tenant_serial", "tenant", "serial"),
    sa.Index("ix_events_tenant_workspace_serial", "tenant", "workspace", "serial"),
)
