"""`hanza image`: what guests start from.

Files are read here, and so are URLs: a plane dials out to nobody.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from hanza.cli.client import Client
from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.kit.text import harmless
from hanza.model.errors import Invalid, NotFound, TooLarge
from hanza.plan.image import WrongChecksum

CHUNK_BYTES = 2**20
DOWNLOAD_BYTES_MAX = 32 * 2**30
FETCH_TIMEOUT_S = 60.0
PARTS = ("disk", "kernel", "initrd")
_CHECKSUM = re.compile(r"(?:(disk|kernel|initrd)=)?sha256:([0-9a-fA-F]{64})", re.ASCII)

image = typer.Typer(help="Images: what guests start from.", no_args_is_help=True)
PartOption = Annotated[str | None, typer.Option(help="A file, or an https:// URL.")]


@image.command("add")
def add_image(  # noqa: PLR0913 -- one option for each thing an image may have
    context: typer.Context,
    name: str,
    disk: PartOption = None,
    kernel: PartOption = None,
    initrd: PartOption = None,
    cmdline: Annotated[str, typer.Option(help="The kernel's command line.")] = "",
    checksum: Annotated[
        list[str] | None,
        typer.Option(help="sha256:HEX of the disk, or PART=sha256:HEX; may be repeated."),
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Add an image: a qcow2 disk, or a kernel with its initrd, or both."""
    named = {"disk": disk, "kernel": kernel, "initrd": initrd}
    sources = {part: source for part, source in named.items() if source is not None}
    if not sources:
        raise Invalid("name a --disk, or a --kernel and an --initrd", field="disk")
    expected = _checksums(checksum or [], sources)
    spec: dict[str, Any] = {"cmdline": cmdline}
    with ExitStack() as stack:
        # Everything is fetched and verified before a byte is sent.
        files = {
            part: _file_of(source, expected.get(part), stack) for part, source in sources.items()
        }
        found = {part: _verified(part, file, expected.get(part)) for part, file in files.items()}
        client = stack.enter_context(connect(context))
        for part, digest in found.items():
            send_blob(client, files[part], digest)
            spec[part] = f"sha256:{digest}"
        is_new, document = client.put(f"/images/{name}", {"spec": spec})
    done = "added" if is_new else "was there"
    show_one(_record(document), output, f"image {name} {done}")


@image.command("list")
def list_images(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the images."""
    with connect(context) as client:
        records = [_record(one) for one in client.items("/images")]
    if output is Output.table:
        for record in records:
            record["bundle"] = record["bundle"].removeprefix("sha256:")[:12]
    columns = ["name", "parts", "size_mib", "disk_mib", "bundle"]
    show(records, columns, output, "no image yet; add one: hanza image add NAME --disk FILE")


@image.command("rm")
def remove_image(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Remove an image that no instance uses."""
    with connect(context) as client:
        client.delete(f"/images/{name}")
    show_one({"name": name, "change": "removed"}, output, f"image {name} removed")


def _checksums(words: list[str], sources: dict[str, str]) -> dict[str, str]:
    expected: dict[str, str] = {}
    for word in words:
        match = _CHECKSUM.fullmatch(word)
        if match is None:
            raise Invalid("a checksum is sha256: and 64 hexadecimal digits", field="checksum")
        part = match[1] or next(iter(sources))
        if part not in sources:
            raise Invalid(f"there is a checksum for a {part}, and no {part}", field="checksum")
        expected[part] = match[2].lower()
    return expected


def _file_of(source: str, checksum: str | None, stack: ExitStack) -> Path:
    scheme = source.partition("://")[0] if "://" in source else ""
    if not scheme:
        if not Path(source).is_file():
            raise NotFound(f"there is no file {source}")
        return Path(source)
    if scheme != "https" and not (scheme == "http" and checksum):
        raise Invalid(
            f"{source} is not an https:// URL", hint="http:// is taken with a --checksum only"
        )
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hanza-")))
    with httpx2.Client(timeout=FETCH_TIMEOUT_S, follow_redirects=True) as web:
        return download(web, source, folder / "part", may_be_plain=checksum is not None)


def download(web: httpx2.Client, url: str, into: Path, *, may_be_plain: bool) -> Path:
    """The file.  Raises `Invalid` for a way there that leaves TLS, unless that may be."""
    size = 0
    try:
        with (
            web.stream("GET", url) as answer,
            into.open("wb") as file,
        ):
            hops = [*answer.history, answer]
            if not may_be_plain and any(one.url.scheme != "https" for one in hops):
                raise Invalid(
                    f"{url} leads to one that is not an https:// URL",
                    hint="http:// is taken with a --checksum only",
                )
            answer.raise_for_status()
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                size += len(chunk)
                if size > DOWNLOAD_BYTES_MAX:
                    raise TooLarge(f"{url} has more than {DOWNLOAD_BYTES_MAX} bytes")
                file.write(chunk)
    except httpx2.InvalidURL as error:
        raise Invalid(f"{harmless(url)} is no URL: {error}") from error
    except httpx2.HTTPError as error:
        raise NotFound(f"{url} could not be fetched: {type(error).__name__}") from error
    except OSError as error:
        raise Invalid(f"{url} cannot be kept at {into.parent}: {error.strerror}") from error
    return into


def _verified(part: str, file: Path, expected: str | None) -> str:
    """The file's SHA-256.  Raises `WrongChecksum` when another one was said."""
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}", field=part) from error
    if expected not in (None, digest):
        raise WrongChecksum(
            f"the {part} has the SHA-256 {digest}, not {expected}; nothing was sent",
            field="checksum",
        )
    return digest


def send_blob(client: Client, file: Path, digest: str) -> None:
    """Nothing is sent that is there already."""
    path = f"/blobs/{digest}"
    try:
        client.get(path)
    except NotFound:
        client.put_bytes(path, _chunks(file), file.stat().st_size)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def _record(document: dict[str, Any]) -> dict[str, Any]:
    metadata, spec, status = document["metadata"], document["spec"], document["status"]
    return {
        "name": metadata["name"],
        "parts": "+".join(part for part in PARTS if spec.get(part)),
        "size_mib": -(-status["size"] // 2**20),
        "disk_mib": status["diskMiB"],
        "bundle": status["bundle"],
        "spec": spec,
        "id": metadata["id"],
    }
