"""What every request shares: names, labels, annotations, extensions and the place it is sent to."""

import re
from collections.abc import Mapping

from hanza.model import kinds
from hanza.model.errors import Conflict, Invalid, Outdated
from hanza.model.resource import Path, Words
from hanza.plan.seca.shape import check_shape

NAME = re.compile(kinds.NAME_PATTERN, re.ASCII)
OUR_PREFIX = "hanza."
COUNTRIES_KEY = "hanza.policy/countries"
OUR_KEYS = frozenset({COUNTRIES_KEY})


def check_request(path: Path, words: Words, region: str | None) -> None:
    """Raises `Invalid` for what no state of the world would make right.

    `region` is what the body itself says of its region, if anything.
    """
    check_name(path.name, kinds.NAME_CHARACTERS_MAX, "metadata.name")
    if region and path.kind.is_regional and region != path.region:
        text = f"this is region {path.region!r}, not the one that the body names"
        raise Invalid(text, field="metadata.region")
    _check_values(words.labels, kinds.LABEL_CHARACTERS_MAX, "labels")
    _check_values(words.annotations, kinds.ANNOTATION_CHARACTERS_MAX, "annotations")
    _check_keys(words.extensions, "extensions")
    for key in words.extensions or {}:
        if key.startswith(OUR_PREFIX) and key not in OUR_KEYS:
            raise Invalid(f"{key[:64]!r} is not an extension of ours", field="extensions")
    check_shape(words.spec, path.kind.spec, "spec")
    urn = urn_of(path)
    if len(urn) > kinds.URN_CHARACTERS_MAX:
        text = f"its reference has {len(urn)} characters; {kinds.URN_CHARACTERS_MAX} is the most"
        raise Invalid(text, field="metadata.name")


def check_reserved(path: Path) -> None:
    """Raises `Conflict` for a name that is the federation's own."""
    if is_reserved(path.kind, path.name):
        words = " or ".join(repr(one) for one in path.kind.reserved)
        text = f"names that begin with {words} are the federation's own, and stay as they are"
        raise Conflict(text, field="metadata.name", hint="take another name")


def is_reserved(kind: kinds.Kind, name: str) -> bool:
    return name.startswith(kind.reserved)


def check_name(name: str, most: int, field: str) -> None:
    if len(name) > most:
        raise Invalid(f"a name has {most} characters at most", field=field)
    if not NAME.fullmatch(name):
        text = "a name is a-z, 0-9 and inner hyphens, in parts that dots may separate"
        raise Invalid(text, field=field)


def check_version(given: str | None, version: int | None) -> None:
    """Hold `if-unmodified-since` against the version that is there; None when nothing is.

    Raises `Invalid` when it is no version, `Outdated` when it is another one.
    """
    if given is None:
        return
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Invalid("if-unmodified-since is a resourceVersion", field="if-unmodified-since")
    if version is None or int(given) != version:
        raise Outdated(f"it is at version {version or 'none'}, not {int(given)}")


def urn_of(path: Path) -> str:
    """The name by which other resources refer to it."""
    words = [path.kind.urn_provider]
    if path.tenant:
        words += ["tenants", path.tenant]
    if path.workspace:
        words += ["workspaces", path.workspace]
    return "/".join([*words, collection_of(path), path.name])


def collection_of(path: Path) -> str:
    """What its collection is called below tenant or workspace: `networks/n/subnets`."""
    inside = f"{kinds.NETWORK.collection}/{path.network}/" if path.network else ""
    return inside + path.kind.collection


def _check_keys(values: Mapping[str, object] | None, field: str) -> None:
    most = kinds.WORDS_MAX
    if len(values or {}) > most:
        raise Invalid(f"a resource has {most} {field} at most", field=field)
    for key in values or {}:
        if len(key) > kinds.KEY_CHARACTERS_MAX:
            text = f"{key[:64]!r}... has more than {kinds.KEY_CHARACTERS_MAX} characters"
            raise Invalid(text, field=field)


def _check_values(values: Mapping[str, str] | None, most: int, field: str) -> None:
    _check_keys(values, field)
    for key, value in (values or {}).items():
        if len(value) > most:
            raise Invalid(f"{key[:64]!r} has more than {most} characters", field=field)
