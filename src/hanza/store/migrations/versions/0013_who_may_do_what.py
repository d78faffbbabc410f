"""Users and their roles, issuers of others, signing keys, and a number that changes count up.

Whoever could do something in a tenant before could do all of it there, and was not written down:
the operator adds them with `hanza user add` or by giving them a token.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", name="pk_users"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"], name="fk_users_tenant"),
    )
    op.create_table(
        "grants",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("is_creators", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "subject", "role", "workspace", "is_creators", name="pk_grants"
        ),
    )
    op.create_index("ix_grants_tenant_workspace", "grants", ["tenant", "workspace"])
    op.create_table(
        "issuers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_issuers"),
        sa.UniqueConstraint("url", name="uq_issuers_url"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("tokens_until", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    generation = op.create_table(
        "access_generation",
        sa.Column("one", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_access_generation"),
    )
    op.bulk_insert(generation, [{"one": 1, "value": 1}])


def downgrade() -> None:
    for name in ("access_generation", "signing_keys", "issuers", "grants", "users"):
        op.drop_table(name)
