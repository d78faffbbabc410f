"""Releases of the agent, who has which, and how they are rolled out."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _bytes(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=True)


def _foreign(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "release_keys",
        _text("id"),
        _number("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_release_keys"),
    )
    op.create_table(
        "releases",
        *(_text("version"), _text("tag"), _text("digest"), _number("size")),
        *(_bytes("statement"), _bytes("key"), _bytes("signature")),
        *(_number("expires_at"), _number("created_at")),
        sa.PrimaryKeyConstraint("version", "tag", name="pk_releases"),
    )
    op.create_table(
        "agent_releases",
        *(_text("agent_id"), _text("version"), _text("tag"), _text("consent")),
        *(_json("words"), _json("keys")),
        sa.Column("can_return", sa.Boolean(), server_default=sa.false(), nullable=False),
        *(_text("condition"), _text("about"), _number("attempt"), _text("why")),
        _number("linked_since"),
        _foreign("agent_releases", "agent_id", "agents"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_agent_releases"),
    )
    op.create_table(
        "rollouts",
        *(_text("id"), _text("version"), _text("state"), _json("rings"), _json("rules")),
        *(_number("attempt"), _number("number"), _text("why"), _text("by")),
        _number("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts"),
    )
    op.create_table(
        "rollout_asks",
        *(_text("rollout_id"), _text("agent_id"), _number("asked_at")),
        sa.Column("failed", sa.Text(), nullable=True),
        _foreign("rollout_asks", "rollout_id", "rollouts"),
        _foreign("rollout_asks", "agent_id", "agents"),
        sa.PrimaryKeyConstraint("rollout_id", "agent_id", name="pk_rollout_asks"),
    )
    op.create_table(
        "provider_updates",
        *(_text("provider_id"), _text("consent"), _json("words"), _number("changed_at")),
        _foreign("provider_updates", "provider_id", "providers"),
        sa.PrimaryKeyConstraint("provider_id", name="pk_provider_updates"),
    )


def downgrade() -> None:
    for name in ("provider_updates", "rollout_asks", "rollouts", "agent_releases", "releases"):
        op.drop_table(name)
    op.drop_table("release_keys")
