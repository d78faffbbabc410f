"""Waiting without sleeping: look again until it is so, or fail with what never came true."""

from hanza.drivers.contract.patience import until

__all__ = ["until"]
