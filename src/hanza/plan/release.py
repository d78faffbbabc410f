"""Whether an agent may take a release: consent, age, direction and platform.  Pure.

Signatures are `wire.release_v1`'s; what is said here is only asked once one was found good.
"""

import re
from datetime import datetime

from hanza.model.errors import Forbidden, Invalid
from hanza.model.release import Release, UpdateRules

ARCHIVE_BYTES_MAX = 128 * 2**20
UNPACKED_BYTES_MAX = 512 * 2**20
FILES_MAX = 20_000
PATH_CHARACTERS_MAX = 240
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9_.+=~@,-][A-Za-z0-9_.+=~@, -]*", re.ASCII)


class BadSignature(Forbidden):
    """A release is not signed by a key that counts here."""

    code = "release.signature"


class BadArchive(Invalid):
    """A release's archive is not what was signed, or has in it what none may have."""

    code = "release.archive"


class NotForHere(Invalid):
    """A release is for another Python or platform, too old, expired, or would go back."""

    code = "release.not_for_here"


class NoConsent(Forbidden):
    """The site's own policy does not let the agent be updated."""

    code = "release.no_consent"


def version_of(text: str, field: str = "version") -> tuple[int, int, int]:
    """Raises `Invalid` for what is not MAJOR.MINOR.PATCH."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise Invalid(f"{text[:40]!r} is not MAJOR.MINOR.PATCH", field=field)
    return int(match[1]), int(match[2]), int(match[3])


def refuse_consent(version: str, rules: UpdateRules) -> None:
    """Raises `NoConsent`."""
    if rules.consent == "never":
        raise NoConsent("this site takes no updates", hint="hanza local updates --consent asked")
    if rules.consent == "asked" and version not in rules.words:
        hint = f"hanza local updates --allow {version}"
        raise NoConsent(f"this site has not said yes to {version}", hint=hint)


def refuse_release(release: Release, running: str, tag: str, now: datetime) -> None:
    """Raises `NotForHere` for a release that must not replace the one that runs."""
    if release.tag != tag:
        raise NotForHere(f"it is for {release.tag}, and this is {tag}")
    if release.expires_at <= now:
        raise NotForHere(
            f"its signature is good until {release.expires_at:%Y-%m-%d %H:%M} UTC",
            hint="have it signed anew, or set the site's clock",
        )
    if not 0 < release.size <= ARCHIVE_BYTES_MAX:
        raise NotForHere(f"an archive has at most {ARCHIVE_BYTES_MAX} bytes")
    newer, older = version_of(release.version), version_of(running)
    if newer <= older and release.back_from != running:
        raise NotForHere(
            f"{running} runs here, and {release.version} is not newer",
            hint="to go back takes a signature that says so",
        )


def check_path(path: str) -> str:
    """A file's path inside an archive.  Raises `BadArchive` for one that could lead elsewhere."""
    parts = path.split("/")
    is_good = len(path) <= PATH_CHARACTERS_MAX and all(
        _PART.fullmatch(part) and part not in (".", "..") for part in parts
    )
    if not is_good:
        raise BadArchive(f"no file of a release is called {path[:80]!r}")
    return path


def check_files(files: dict[str, int]) -> None:
    """Paths and sizes.  Raises `BadArchive` for too many, too large, or in each other's way."""
    if len(files) > FILES_MAX:
        raise BadArchive(f"a release has at most {FILES_MAX} files")
    if any(size < 0 for size in files.values()) or sum(files.values()) > UNPACKED_BYTES_MAX:
        raise BadArchive(f"a release has at most {UNPACKED_BYTES_MAX} bytes when unpacked")
    for path in files:
        parts = check_path(path).split("/")
        folders = ("/".join(parts[:length]) for length in range(1, len(parts)))
        if any(folder in files for folder in folders):
            raise BadArchive(f"{path!r} is below another file")
