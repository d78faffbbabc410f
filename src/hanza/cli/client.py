"""Talks to a plane over its API; refusals come back as the errors they are."""

import contextlib
import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from hanza.model import errors
from hanza.plan.policy import Contradiction

BASE = "/providers/hanza.federation/v1"
TIMEOUT_S = 30.0
STARTING_S = 20.0
"""How long a plane that says that it starts is asked again."""
_QUERY = re.compile(
    r"\?(dryRun=true|volumes=true|waiting=true|fresh=true|after=-?[0-9]+)\Z", re.ASCII
)
UPLOAD_TIMEOUT_S = 300.0
"""For one step of an upload: the plane may have to write much to its disk before it answers."""
_REFUSALS: dict[str, type[errors.Refusal]] = {
    kind.code: kind
    for kind in (
        errors.Invalid,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.NotPending,
        errors.Told,
        errors.Outdated,
        errors.BadQuery,
        Contradiction,
        errors.Oversized,
        errors.InUse,
        errors.NoRoom,
        errors.TooLarge,
        errors.Full,
        errors.Busy,
        errors.RateLimited,
        errors.TooSlow,
        errors.NotHere,
        errors.PlaneStarting,
        errors.NotOffered,
        errors.NotRunning,
        errors.HoldsGuests,
        errors.ShortNotice,
        errors.SelectionMoved,
        errors.HasLeft,
    )
}


@dataclass(frozen=True, slots=True)
class Context:
    """Which plane, as whom, trusting which root."""

    url: str
    token: str
    ca: str
    web: str = ""
    """Where a browser of the plane's machine opens the page; a context of old does not say."""
    root: str = ""
    """The root certificate itself, in PEM, in a context that was handed over."""

    def __repr__(self) -> str:
        return f"Context(url={self.url!r}, token=..., ca={self.ca!r})"


def read_context(path: Path) -> Context:
    """From the `context.json` that a plane writes.  Raises `NotFound` or `Invalid`."""
    content = read_content(path)
    try:
        url, token, ca = (str(content[name]) for name in ("url", "token", "ca"))
        web, root = str(content.get("web", url)), str(content.get("root", ""))
        return Context(url, token, ca, web, root)
    except KeyError as error:
        raise errors.Invalid(f"{path} is not a context that a plane wrote") from error


def read_content(path: Path) -> dict[str, Any]:
    """All that the file says.  Raises `NotFound` or `Invalid`."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise errors.NotFound(
            f"there is no context at {path}",
            hint="start a plane with `hanza up`, or name one with --context or HANZA_CONTEXT",
        ) from error
    except ValueError as error:
        raise errors.Invalid(f"{path} is not a context that a plane wrote") from error
    if not isinstance(content, dict):
        raise errors.Invalid(f"{path} is not a context that a plane wrote")
    return content


def trust_of(context: Context) -> ssl.SSLContext | None:
    """What is trusted for it; None for the machine's own authorities.  Raises `Invalid`."""
    if not context.root:
        return ssl.create_default_context(cafile=context.ca) if context.ca else None
    try:
        return ssl.create_default_context(cadata=context.root)
    except (ssl.SSLError, ValueError) as error:
        raise errors.Invalid("the context's root is no certificate", field="root") from error


def page_of(context: Context) -> str:
    """The page's address with the token behind `#`, which browsers never send."""
    return f"{context.web}/#token={context.token}"


def default_context() -> Path:
    """Where `hanza up` leaves its context unless it is told otherwise."""
    return default_state() / "context.json"


def default_state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "hanza" / "plane"


class Client:
    """One plane's API.  Use as a context manager; raises `Refusal`s, and `Unreachable`."""

    def __init__(self, context: Context, base: str = BASE) -> None:
        """`base` is what the paths of all calls are below."""
        tls = trust_of(context)
        self._base = base
        self.context = context
        self.tls = tls
        """What other connections to this plane trust; None for the machine's own authorities."""
        self._http = httpx2.Client(
            base_url=context.url,
            headers={"authorization": f"Bearer {context.token}"},
            verify=True if tls is None else tls,
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        self._url = context.url

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        return self._ask("GET", path).json()

    def items(self, path: str) -> list[dict[str, Any]]:
        return list(self.get(path)["items"])

    def put(
        self, path: str, document: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> tuple[bool, dict[str, Any]]:
        """Whether it was created, and the document as it now is."""
        response = self._ask("PUT", path, document, headers)
        return response.status_code == httpx2.codes.CREATED, response.json()

    def put_bytes(self, path: str, chunks: Iterator[bytes], size: int) -> Any:
        """Send what is too large for a document, as it is read."""
        headers = {"content-length": str(size), "content-type": "application/octet-stream"}
        try:
            response = self._http.request(
                "PUT", self._base + path, content=chunks, headers=headers, timeout=UPLOAD_TIMEOUT_S
            )
        except (httpx2.TransportError, ssl.SSLError) as error:
            raise self._unreachable() from error
        if response.is_success:
            return response.json()
        raise refusal_of(response.status_code, response.content)

    def post(self, path: str, document: dict[str, Any] | None = None) -> Any:
        response = self._ask("POST", path, document)
        return response.json() if response.content else None

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._ask("DELETE", path, None, headers)

    @contextlib.contextmanager
    def listen(self, path: str, after: int | None, patience_s: float) -> Iterator[Iterator[str]]:
        """A stream of events as it comes; it ends when it does, or is silent for so long."""
        headers = {"accept": "text/event-stream"}
        if after is not None:
            headers["last-event-id"] = str(after)
        timeout = httpx2.Timeout(TIMEOUT_S, read=patience_s)
        try:
            with self._http.stream(
                "GET", _url_of(self._base, path), headers=headers, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    raise refusal_of(answer.status_code, answer.read())
                yield _until_silent(answer)
        except (httpx2.TransportError, ssl.SSLError) as error:
            raise self._unreachable() from error

    def _unreachable(self) -> "Unreachable":
        return Unreachable(
            f"the plane at {self._url} does not answer",
            hint="is it running? `hanza up` starts one",
        )

    def _ask(
        self,
        method: str,
        path: str,
        document: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        until = time.monotonic() + STARTING_S
        while True:
            response = self._once(method, path, document, headers)
            if response.is_success:
                return response
            refusal = refusal_of(response.status_code, response.content)
            again_s = _again_after(refusal, response)
            if again_s is None or time.monotonic() + again_s > until:
                raise refusal
            time.sleep(again_s)

    def _once(
        self,
        method: str,
        path: str,
        document: dict[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> httpx2.Response:
        try:
            url = _url_of(self._base, path)
            return self._http.request(method, url, json=document, headers=headers)
        except ValueError as error:
            raise errors.Invalid("what was said cannot be sent: no such number") from error
        except (httpx2.TransportError, ssl.SSLError) as error:
            raise self._unreachable() from error


def _again_after(refusal: errors.Refusal, response: httpx2.Response) -> float | None:
    """Only a plane that starts has certainly read nothing of what was asked."""
    seconds = response.headers.get("retry-after", "")
    if refusal.code != errors.PlaneStarting.code or not re.fullmatch(r"[0-9]{1,3}", seconds):
        return None
    return float(seconds)


def _url_of(base: str, path: str) -> str:
    """Raises `Invalid` where a name in it would lead elsewhere than it says."""
    names = _QUERY.sub("", path)
    is_plain = names.isprintable() and not any(letter in names for letter in "?#%\\")
    if not is_plain or any(part in ("", ".", "..") for part in names.split("/")[1:]):
        raise errors.Invalid("a name has something in it that no name has")
    return base + path


class Unreachable(errors.Refusal):
    """Nobody answers at the context's address."""

    code = "unreachable"


def _until_silent(answer: httpx2.Response) -> Iterator[str]:
    try:
        yield from answer.iter_text()
    except httpx2.TransportError:
        return  # whoever listens comes back and says what it has


def refusal_of(status: int, body: bytes) -> errors.Refusal:
    """What a plane's answer says of why not."""
    try:
        problem = json.loads(body)
        text, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        return errors.Refusal(f"the plane answered {status}")
    sources = problem.get("sources") or [{}]
    field = str(sources[0].get("pointer", "")).strip("/").replace("/", ".") or None
    kind: type[errors.Refusal] = _REFUSALS.get(code, errors.Refusal)
    if kind.code != code:
        kind = type("Refused", (kind,), {"code": code})  # a plane that is newer keeps its words
    return kind(text, field=field, hint=problem.get("hint"))
