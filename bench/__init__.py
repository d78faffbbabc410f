"""Benchmarks: real processes, real numbers, one JSON line each.  `make bench-…` runs them."""
