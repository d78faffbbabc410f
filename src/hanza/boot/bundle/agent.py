"""What a support bundle tells of an agent: from its folder alone; nobody is asked.

The names of the driver's options are told and their values are not: one of them may be a
provider's password.
"""

import base64
from collections import Counter
from pathlib import Path

from hanza.agent.journal import KEY, identity_of, load_manifest, load_starts
from hanza.boot.bundle.parts import Part, as_json, recent_log
from hanza.kit.clock import SystemClock
from hanza.plan.manifest import hash_of

SECRET_WORDS = ("secret", "password", "token", "key", "credential")


def agent_parts(folder: Path) -> dict[str, Part]:
    """Raises `NotFound` when nobody has joined with the folder."""
    identity, now = identity_of(folder), SystemClock().now()
    manifest = load_manifest(folder, identity)
    held = None
    if manifest is not None:
        held = {
            "epoch": manifest.version.epoch,
            "number": manifest.version.number,
            "hash": hash_of(manifest).hex(),
            "entriesByPower": Counter(entry.power for entry in manifest.entries),
            "tombstones": len(manifest.tombstones),
        }
    status = {
        "askedAt": now,
        "agent": identity.agent,
        "federation": identity.federation,
        "site": identity.site,
        "planes": identity.urls,
        "driver": identity.driver,
        "options": sorted(identity.options),
        "starts": load_starts(folder),
        "manifest": held,
    }
    return {"agent.json": as_json(status), "log.jsonl": recent_log(folder)}


def agent_secrets(folder: Path) -> set[bytes]:
    """Everything that must never be in a bundle, as it would look there."""
    identity = identity_of(folder)
    found = {
        value.encode()
        for name, value in identity.options.items()
        if any(word in name.lower() for word in SECRET_WORDS)
    }
    key = folder / KEY
    if key.exists():
        seed = key.read_bytes()
        found |= {seed, seed.hex().encode(), base64.b64encode(seed), base64.urlsafe_b64encode(seed)}
    return found
