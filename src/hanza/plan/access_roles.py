"""The roles that every tenant has from the start, and that nobody changes."""

SYSTEM_ROLES = frozenset(
    {
        "seca.admin",
        "seca.region-admin",
        "seca.workspace-admin",
        "seca.workspace-editor",
        "seca.workspace-viewer",
    }
)
