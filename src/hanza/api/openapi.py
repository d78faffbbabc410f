"""The API as OpenAPI 3.1 documents, made from the table of routes and what their handlers say.

`documents` are all that a plane publishes: the standard's, from its table of kinds
(`wire.seca.openapi`), and `hanza.federation`, which is every route that is not the standard's:
the federation's own API, what agents ask by HTTP, and what watchers ask.  Each operation says
whom it is for, as the gate decides it.  What is said on WebSockets is in none of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from hanza.api import told
from hanza.api.events import MEDIA_TYPE
from hanza.api.route import KNOWN, OF_PROVIDER, OPERATOR, PUBLIC, WATCHER, Route
from hanza.api.routes import BASE, ROUTES
from hanza.api.told import Bytes, ItemsOf, Parameter, Said, said_of
from hanza.api.watching import WATCHED, Watched
from hanza.model.errors import Bug
from hanza.wire import problems
from hanza.wire.seca import openapi as standard

Doc: TypeAlias = dict[str, Any]
NAME = "hanza.federation"
VERSION = "v1"
PERMISSION = "x-hanza-permission"
_REFERENCE = "#/components/schemas/{name}"
_JSON, _PROBLEM = "application/json", "application/problem+json"
_STANDINGS = {
    PUBLIC: "Asks for no token.",
    KNOWN: "For whoever has a good token.",
    OPERATOR: "For the operator.",
    OF_PROVIDER: "For whoever acts for the provider, to change it as admin; and the operator.",
    WATCHER: "For whoever reads the numbers, and the operator.",
}
_GOOD = {
    101: "the console itself, as a WebSocket",
    200: "as it is",
    201: "it is new",
    202: "taken, and done in a while",
    204: "it is gone",
    503: "not now",
}
_AGAIN = {
    "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "In seconds."}
}
_RESUMED = Parameter("Last-Event-ID", "header", told.Serial, "Where a stream goes on.")


@dataclass(frozen=True, slots=True)
class _Operation:
    """One method of one path, and all that is said of it."""

    method: str
    path: str
    name: str
    tag: str
    words: str
    permission: Doc
    said: Said
    streams: bool = False


def documents() -> dict[str, Doc]:
    """By the name of the provider."""
    found = {NAME: federation_document(ROUTES)}
    return found | {name: _permitted(one) for name, one in standard.documents().items()}


def file_name(name: str, document: Doc) -> str:
    """What a document is called where it is published."""
    return f"{name}.{standard.version_of(document)}.json"


def is_standard(path: str) -> bool:
    return re.search(r"/providers/seca\.|^/\.wellknown/", path) is not None


def federation_document(routes: Iterable[Route]) -> Doc:
    """Raises `Bug` for a route that does not say what it takes and gives."""
    own = [route for route in routes if not is_standard(route.path)]
    operations = [*map(_of_watched, WATCHED), *_of_routes(own)]
    schemas, components = _schemas(operations)
    paths: Doc = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Hanza: {NAME}",
            "version": VERSION,
            "description": "Members, tenants, instances, apps and policies of one federation.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": dict(_refusals()),
            "schemas": components | dict(_problems()),
        },
    }
    # As it is read again: defaults of types may be tuples and the like.
    return dict(msgspec.json.decode(msgspec.json.encode(document)))


def permission_of(route: Route) -> Doc:
    """A standing, or the right that a role must give."""
    right = route.right
    if right is None:
        return {"standing": route.permission}
    return {"provider": right.provider, "resource": right.resource, "verb": right.verb}


def _permitted(document: Doc) -> Doc:
    """A document of the standard's, with whom each operation is for."""
    base = document["servers"][0]["url"].rstrip("/")
    by_place = {(one.method, one.path): permission_of(one) for one in ROUTES}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation[PERMISSION] = by_place[method.upper(), base + path]
    return document


def _of_watched(one: Watched) -> _Operation:
    permission = {"standing": one.permission}
    return _Operation(
        "GET", one.path, one.operation, "plane", one.words, permission, Said(one.gives)
    )


def _of_routes(routes: list[Route]) -> Iterator[_Operation]:
    times = Counter(_handler_name(one) for one in routes)
    for route in routes:
        said = said_of(route.handler)
        if said is None:
            raise Bug(f"{route.method} {route.path} does not say what it takes and gives")
        handler = _handler_name(route)
        scope = _scope_of(route.path) if times[handler] > 1 else ""
        yield _Operation(
            route.method,
            route.path,
            _camel(handler) + scope,
            _tag_of(route),
            _words_of(route),
            permission_of(route),
            said,
            route.may_stream,
        )


def _function(route: Route) -> Any:
    """The function that answers, without what it says of itself."""
    handler = route.handler
    return handler.handler if isinstance(handler, told.Told) else handler


def _handler_name(route: Route) -> str:
    return str(_function(route).__name__)


def _words_of(route: Route) -> str:
    return " ".join((_function(route).__doc__ or "").split())


def _scope_of(path: str) -> str:
    """Where one handler serves several paths, they differ in what they are inside of."""
    if "/workspaces/{workspace}/" in path:
        return "OfWorkspace"
    return "OfTenant" if "/tenants/{tenant}/" in path else ""


def _tag_of(route: Route) -> str:
    right = route.right
    if right is not None:
        return right.resource.split("/")[0]
    if not route.path.startswith(BASE):
        return "agents" if route.path.startswith("/agent/") else "plane"
    words = [one for one in route.path.removeprefix(BASE).split("/") if one]
    return words[0]


def _operation(one: _Operation, schemas: Mapping[int, Doc]) -> Doc:
    names = re.findall(r"{(\w+)}", one.path)
    said = one.said
    more = (_RESUMED,) if one.streams else ()
    parameters = [_path_parameter(name) for name in names]
    parameters += [_parameter(it, schemas) for it in (*said.parameters, *more)]
    found: Doc = {
        "operationId": one.name,
        "tags": [one.tag],
        "description": f"{one.words} {_for_whom(one.permission)}".strip(),
        PERMISSION: one.permission,
        "responses": _answers(one, schemas),
    }
    if one.permission.get("standing") == PUBLIC:
        found["security"] = []
    if parameters:
        found["parameters"] = parameters
    if said.takes is not None:
        content = _content(said.takes, schemas)
        found["requestBody"] = {"required": not said.may_be_empty, "content": content}
    return found


def _for_whom(permission: Doc) -> str:
    if "standing" in permission:
        return _STANDINGS[permission["standing"]]
    verb, resource, provider = (permission[one] for one in ("verb", "resource", "provider"))
    return f"Needs a role with `{verb}` on `{resource}` of `{provider}`."


def _answers(one: _Operation, schemas: Mapping[int, Doc]) -> Doc:
    answers: Doc = {}
    for status, kind in one.said.gives.items():
        answers[str(status)] = {"description": _GOOD[status]}
        if kind is not None:
            content = _content(kind, schemas)
            if one.streams:
                content[MEDIA_TYPE] = {"schema": {"type": "string"}}
            answers[str(status)]["content"] = content
    for status in _refused(one):
        answers.setdefault(str(status), {"$ref": f"#/components/responses/Refused{status}"})
    return dict(sorted(answers.items()))


def _refused(one: _Operation) -> list[int]:
    found = [400, 408, 412, 413, 429, 431, 500, 503]
    if "{" in one.path or one.said.takes is not None:
        found.append(404)
    if one.permission.get("standing") != PUBLIC:
        found += [401, 403]
    elif one.tag == "agents":
        found.append(401)
    return found


def _content(kind: Any, schemas: Mapping[int, Doc]) -> Doc:
    if isinstance(kind, Bytes):
        return {kind.media_type: {"schema": {"type": "string"}}}
    if isinstance(kind, ItemsOf):
        items = {"type": "array", "items": schemas[id(kind.type)]}
        page = {"type": "object", "properties": {"items": items}, "required": ["items"]}
        return {_JSON: {"schema": page}}
    return {_JSON: {"schema": schemas[id(kind)]}}


def _parameter(one: Parameter, schemas: Mapping[int, Doc]) -> Doc:
    return {
        "name": one.name,
        "in": one.place,
        "description": one.words,
        "schema": schemas[id(one.type)],
    }


def _path_parameter(name: str) -> Doc:
    text = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": text}


def _schemas(operations: Iterable[_Operation]) -> tuple[dict[int, Doc], Doc]:
    """The schema of every type that is said, by its identity; and the components they name."""
    kinds = {id(kind): kind for one in operations for kind in _kinds_of(one)}
    kinds[id(problems.Problem)] = problems.Problem
    found, components = msgspec.json.schema_components(
        list(kinds.values()), ref_template=_REFERENCE
    )
    return dict(zip(kinds, found, strict=True)), dict(sorted(components.items()))


def _kinds_of(one: _Operation) -> Iterator[Any]:
    said = one.said
    for kind in (*said.gives.values(), said.takes):
        if kind is not None and not isinstance(kind, Bytes):
            yield kind.type if isinstance(kind, ItemsOf) else kind
    for parameter in (*said.parameters, _RESUMED):
        yield parameter.type


def _refusals() -> Iterator[tuple[str, Doc]]:
    """One answer for each status."""
    for status, codes in problems.codes_by_status().items():
        words = "; ".join(f"`{code}`: {text}" for code, text in sorted(codes.items()))
        schema = {"$ref": _REFERENCE.format(name=f"Refusal{status}")}
        answer: Doc = {"description": words, "content": {_PROBLEM: {"schema": schema}}}
        if status in (429, 503):
            answer["headers"] = _AGAIN
        yield f"Refused{status}", answer


def _problems() -> Iterator[tuple[str, Doc]]:
    """The problem of each status, with the codes that it may have."""
    whole = {"$ref": _REFERENCE.format(name="Problem")}
    for status, codes in problems.codes_by_status().items():
        code = {"properties": {"code": {"type": "string", "enum": sorted(codes)}}}
        yield f"Refusal{status}", {"allOf": [whole, code]}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(one.capitalize() for one in others)
