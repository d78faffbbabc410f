"""Hanza: many small data centres of different owners, working as one cloud.

The rooms and the direction of imports between them are drawn in `docs/architecture.md`
and checked on every run of `make check`.
"""
