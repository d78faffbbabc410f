"""What a guest is told at its first boot: a NoCloud disc for cloud-init, as the tenant said it.

Promises: the tenant's words are written as files of their own or as JSON (which is YAML), so that
none of them can become another key; the disc appears under its name whole or not at all, and only
its owner may read it.  It does not know what cloud-init makes of it.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from hanza.drivers.libvirt.ports import GATEWAY, GUEST
from hanza.model.errors import Unavailable
from hanza.model.guest import GuestSpec

LABEL = "cidata"
TOOLS = ("genisoimage", "xorrisofs")
TOOL_TIMEOUT_S = 20
BEING_MADE = ".seed-"


def files_of(spec: GuestSpec, instance: str, mac: str) -> dict[str, str]:
    """The files of the disc by name.  `instance` changes when cloud-init shall begin anew."""
    meta: dict[str, object] = {"instance-id": instance}
    if spec.hostname:
        meta["local-hostname"] = spec.hostname
    if spec.ssh_keys:
        meta["public-keys"] = list(spec.ssh_keys)
    # Said, and not left to DHCP: that names no way out on a network that has none, and without
    # one the guest could not answer whoever comes through a published port.
    nic = {"match": {"macaddress": mac}, "addresses": [f"{GUEST}/24"], "gateway4": GATEWAY}
    return {
        "meta-data": json.dumps(meta),
        "user-data": spec.user_data,
        "network-config": json.dumps({"version": 2, "ethernets": {"nic0": nic}}),
    }


def write_seed(into: Path, files: dict[str, str]) -> None:
    tool = next((found for name in TOOLS if (found := shutil.which(name))), None)
    if tool is None:
        raise Unavailable(f"this host has none of {', '.join(TOOLS)}")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=BEING_MADE) as made:
        tree, disc = Path(made, "tree"), Path(made, "disc")
        tree.mkdir()
        for name, text in files.items():
            (tree / name).write_bytes(text.encode())
        words = ("-quiet", "-output", str(disc), "-volid", LABEL, "-joliet", "-rock", str(tree))
        try:
            subprocess.run((tool, *words), check=True, capture_output=True, timeout=TOOL_TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise Unavailable("the disc of what the guest is told could not be made") from error
        disc.chmod(0o600)
        disc.replace(into)
