"""Support bundles: what helps to help, and nothing that is a secret or a tenant's."""
