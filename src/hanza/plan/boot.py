"""Whether a guest has booted, judged by its serial port and nothing else."""

from datetime import datetime, timedelta
from typing import Literal

from hanza.model.guest import Boot, Guest

PATIENCE = timedelta(seconds=120)
PATIENCE_EMULATED = timedelta(seconds=600)


def patience_for(accelerator: Literal["kvm", "tcg", "none"]) -> timedelta:
    """How long a guest may stay silent; emulated ones get five times as long."""
    return PATIENCE_EMULATED if accelerator == "tcg" else PATIENCE


def boot_of(guest: Guest, on_since: datetime | None, patience: timedelta, now: datetime) -> Boot:
    """`on_since` is when we first saw this power-on; None while the guest is off."""
    if guest.power == "off" or guest.serial_bytes is None:
        return "unknown"
    if guest.serial_bytes > 0:
        return "seen"
    if on_since is not None and now - on_since >= patience:
        return "silent"
    return "pending"
