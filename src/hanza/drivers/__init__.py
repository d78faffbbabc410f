"""Doors to other people's engines.  Everything a driver may do is in `spi`."""
