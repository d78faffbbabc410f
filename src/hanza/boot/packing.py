"""Packs the release that runs here: the package, and what an agent needs of its environment.

Promises: of a distribution only what its RECORD names, unchanged since it was installed; the same
files make the same bytes, whenever and wherever it is packed with the same Python.  The
plane's own libraries (its database, numba) are not in it: no agent loads them.
"""

import hashlib
import io
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import msgspec

import hanza
from hanza.model.errors import Invalid
from hanza.plan.release import check_files, version_of
from hanza.wire.release_v1 import MANIFEST, NAME, FileW, ManifestDoc

NEEDED = (
    "cryptography",
    "httpx2",
    "joserfc",
    "msgspec",
    "prometheus-client",
    "pyyaml",
    "rich",
    "typer",
    "websockets",
)
"""By an agent and by the commands at its site."""
WHERE_INSTALLED = ("libvirt-python",)
"""A driver's own; elsewhere the site's system may have it."""
OWN = ("METADATA", "entry_points.txt", "licenses/LICENSE")
LEFT_OUT = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""Of a distribution: they say how it was installed here."""
_MIDNIGHT = (1980, 1, 1, 0, 0, 0)


def gather() -> dict[str, bytes]:
    """Every file of the release that runs here, by its path.  Raises `Invalid`."""
    own = metadata.distribution(NAME)
    found = {f"hanza/{path}": content for path, content in _package(Path(hanza.__file__).parent)}
    info = f"{NAME}-{own.version}.dist-info"
    for name in OWN:
        text = own.read_text(name)
        if text is not None:
            found[f"{info}/{name}"] = text.encode()
    for name in sorted(_closure()):
        for path, content in _recorded(metadata.distribution(name)):
            if found.setdefault(path, content) != content:
                raise Invalid(f"two distributions have a file {path}")
    return found


def pack(files: Mapping[str, bytes], version: str, tag: str) -> bytes:
    """The archive.  Raises `Invalid` for what no agent would take."""
    version_of(version)
    check_files({path: len(content) for path, content in files.items()})
    names = sorted(files)
    told = [FileW(one, len(files[one]), hashlib.sha256(files[one]).hexdigest()) for one in names]
    manifest = msgspec.json.encode(ManifestDoc(1, NAME, version, tag, told))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in ((MANIFEST, manifest), *((name, files[name]) for name in names)):
            entry = zipfile.ZipInfo(path, _MIDNIGHT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def _package(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Ours has no foreign files in it, also where it is worked on."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _closure() -> set[str]:
    """What is needed, and what that needs, by name."""
    found: set[str] = set()
    waiting = [*NEEDED, *(one for one in WHERE_INSTALLED if _is_installed(one))]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if not _is_installed(name):
            raise Invalid(f"{name} is needed and not installed here", hint="install hanza anew")
        for requirement in metadata.requires(name) or ():
            words, _, marker = requirement.partition(";")
            needs = "".join(c if c.isalnum() or c in "-_." else " " for c in words).split()[0]
            # What another platform or an extra needs is there or it is not.
            if (not marker or _is_installed(needs)) and "extra" not in marker:
                waiting.append(needs.lower().replace("_", "-"))
    return found


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _recorded(one: metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    for file in one.files or ():
        path = file.as_posix()
        is_outside = path.startswith(("/", "..")) or path.endswith(".pyc")
        if is_outside or (".dist-info/" in path and file.name in LEFT_OUT):
            continue
        content = Path(str(file.locate())).read_bytes()
        if file.hash is not None and file.hash.mode == "sha256":
            digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            if digest != file.hash.value:
                raise Invalid(f"{path} was changed since it was installed", hint="install it anew")
        yield path, content
