"""The file that one store gets: a shell script that joins it, and prints its systemd unit.

Promises: whatever the plane said is checked before it stands in a script that somebody runs as
root; the script carries the token, so it is written for its owner alone; it needs nothing but sh
and Hanza.  It installs nothing.
"""

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hanza.kit.text import harmless
from hanza.model.errors import Invalid
from hanza.plan.admission import check_name
from hanza.wire.credentials import JoinToken, join_token_from_text

SUFFIX = ".sh"
_URL = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,255}(/[0-9A-Za-z._~/-]{0,255})?", re.ASCII)
_TOKEN = re.compile(r"[0-9A-Za-z._-]{1,4096}", re.ASCII)
_DRIVER = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)

TEMPLATE = """\
#!/bin/sh
# Makes this machine the site @SITE@ of @PROVIDER@ in a Hanza federation.
# KEEP IT SECRET: whoever runs it first is that site.  It works once, until @UNTIL@.
#
#   plane   @URLS@
#   root    sha256 @PIN@
#
# Run it at the store, as the user that runs its engine:      sh @SITE@.sh
# More options of the driver go behind it, and win:           sh @SITE@.sh --option offer_cpus=8
# What it can be told: HANZA=/path/to/hanza, HANZA_STATE=/folder/of/the/agent,
# and for the unit HANZA_USER=a user of the agent's own, who may use the engine and the folders
# The systemd unit that keeps the agent running afterwards:   sh @SITE@.sh --unit
set -eu
umask 077
HANZA=${HANZA:-hanza}
STATE=${HANZA_STATE:-/var/lib/hanza-agent}
RUN_AS=${HANZA_USER:-$(id -un)}

fail() {
    echo "$*" >&2
    exit 1
}

program=$(command -v "$HANZA") ||
    fail "Hanza is not on this machine: install it, or say HANZA=/path/to/hanza"
case $program$STATE in
    *[!A-Za-z0-9/._-]*) fail "no systemd unit can carry such a path: $program $STATE" ;;
esac
case $RUN_AS in
    *[!A-Za-z0-9._-]*) fail "no systemd unit can carry such a user: $RUN_AS" ;;
esac

if [ "${1-}" = --unit ]; then
    cat <<UNIT
[Unit]
Description=Hanza agent of the site @SITE@
Wants=network-online.target
After=network-online.target libvirtd.service

[Service]
ExecStart=$program agent launch --state $STATE
User=$RUN_AS
NoNewPrivileges=yes
RestrictSUIDSGID=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
Restart=always
RestartSec=5
UMask=0077

[Install]
WantedBy=multi-user.target
UNIT
    exit 0
fi

"$program" agent join - --state "$STATE" --driver @DRIVER@@OPTIONS@ "$@" <<'TOKEN'
@TOKEN@
TOKEN

cat >&2 <<NEXT

Now let it run:     $program agent run --state $STATE
or as a service:    sh @SITE@.sh --unit >/etc/systemd/system/hanza-agent.service
                    systemctl daemon-reload && systemctl enable --now hanza-agent
This file is used up: it can be removed.
NEXT
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """What the stores run their guests with; the same for all of them."""

    driver: str
    options: Sequence[str]

    def __post_init__(self) -> None:
        if not _DRIVER.fullmatch(self.driver):
            raise Invalid(f"{harmless(self.driver)[:40]!r} is not a driver's name", field="driver")
        for option in self.options:
            if "=" not in option or harmless(option) != option or not option.isprintable():
                raise Invalid(f"{harmless(option)[:40]!r} is not KEY=VALUE", field="option")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the plane gave for one site."""

    site: str
    provider: str
    token: str
    expires_at: str


def script_of(invitation: Invitation, engine: Engine) -> str:
    """Raises `Invalid` for what no honest plane says."""
    token = _checked_token(invitation.token)
    options = "".join(f" \\\n    --option {shlex.quote(one)}" for one in engine.options)
    words = {
        "SITE": check_name(invitation.site, "site"),
        "PROVIDER": check_name(invitation.provider, "provider"),
        "UNTIL": _until(invitation.expires_at),
        "URLS": " ".join(token.urls),
        "PIN": token.pin.hex() or "none: plain HTTP on loopback",
        "DRIVER": engine.driver,
        "OPTIONS": options,
        "TOKEN": invitation.token,
    }
    return re.sub(r"@([A-Z]+)@", lambda match: words[match[1]], TEMPLATE)


def _checked_token(text: str) -> JoinToken:
    token = join_token_from_text(text) if _TOKEN.fullmatch(text) else None
    if token is None or not all(_URL.fullmatch(url) for url in token.urls):
        raise Invalid("the plane gave a token that no plane of ours gives; nothing was written")
    return token


def _until(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError as error:
        raise Invalid("the plane gave a token with no end; nothing was written") from error


def check_folder(folder: Path) -> None:
    """Make it, or refuse one that others may write to: they could exchange what is run as root."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise Invalid(f"{folder} cannot be made: {error.strerror}", field="folder") from error
    if not may_own(status.st_uid, os.geteuid()):
        raise Invalid(f"{folder} belongs to somebody else", field="folder", hint="use another one")
    if status.st_mode & 0o022:
        raise Invalid(f"others may write to {folder}", field="folder", hint=f"chmod go-w {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Invalid(f"{folder} cannot be written to", field="folder")


def may_own(owner: int, me: int) -> bool:
    """Whether what this user has there cannot be exchanged by anybody who could not do worse."""
    return owner in (0, me)


def write_file(file: Path, text: str) -> None:
    """Whole or not at all, for its owner alone; a link of that name is replaced, never followed."""
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
