"""The standard's rules as pure functions: what is accepted, and what is logged and shown of it."""
