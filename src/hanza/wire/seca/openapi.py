"""The standard's API as OpenAPI 3.1 documents, one for each provider, made from `model.kinds`.

They say what this server takes and answers, and no more than that.  Which answers each operation
has is said here once for all kinds.
"""

from collections.abc import Iterable

from hanza.model import kinds
from hanza.model.fields import Free
from hanza.model.kinds import Kind
from hanza.plan.seca.shape import REFERENCE
from hanza.wire.seca.schemas import Doc, object_of, ref_to, schema_of, values_of

PROBLEM_MEMBERS = ("type", "title", "status", "detail", "instance", "sources")
REFUSALS = {
    "400": "the question cannot be understood",
    "401": "no good token",
    "403": "not allowed",
    "404": "not there, or not for the caller",
    "412": "refused; nothing was changed",
    "413": "larger than any request can be",
    "500": "our fault",
}
STATES = ["pending", "creating", "active", "updating", "deleting", "error"]
VERSION_HEADER = {
    "name": "if-unmodified-since",
    "in": "header",
    "schema": {"type": "integer", "minimum": 0},
    "description": "The resourceVersion that is to be changed, and no other.",
}
LIST_PARAMETERS = (
    {"name": "labels", "in": "query", "schema": {"type": "string"}},
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000},
    },
    {"name": "skipToken", "in": "query", "schema": {"type": "string"}},
    {
        "name": "Accept",
        "in": "header",
        "schema": {
            "type": "string",
            "enum": [
                "application/json",
                "application/json; deleted=true",
                "application/json; deleted=only",
            ],
        },
    },
)


def documents() -> dict[str, Doc]:
    """By provider name."""
    providers = dict.fromkeys(kind.provider for kind in kinds.KINDS)
    return {
        **{
            name: _document(name, [kind for kind in kinds.KINDS if kind.provider == name])
            for name in providers
        },
        "seca.wellknown": _wellknown(),
    }


def version_of(document: Doc) -> str:
    return str(document["info"]["version"])


def _wellknown() -> Doc:
    """The one page that is for everybody."""
    text = {"type": "string"}
    endpoint = object_of({"provider": text, "url": text}, ["provider", "url"])
    members = {"version": text, "endpoints": {"type": "array", "items": endpoint}}
    page = _json("where to begin", object_of(members, ["endpoints", "version"]))
    answers = {"200": page, **_refusals("500")}
    operation = {"operationId": "getWellknown", "security": [], "responses": answers}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hanza: seca.wellknown", "version": kinds.VERSION},
        "servers": [{"url": "/"}],
        "paths": {"/.wellknown/secapi": {"get": operation}},
        "components": {"schemas": {"Problem": _problem()}},
    }


def _document(provider: str, own: list[Kind]) -> Doc:
    is_global = not any(kind.is_regional for kind in own)
    server: Doc = {"url": f"{'' if is_global else '/r/{region}'}/providers/{provider}"}
    if not is_global:
        server["variables"] = {"region": {"default": "eu"}}
    paths: Doc = {}
    for kind in own:
        paths |= _paths(kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Hanza: {provider}", "version": own[0].version},
        "servers": [server],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **{_type(kind): _resource(kind) for kind in own},
                "Condition": _condition(),
                "Problem": _problem(),
                "Reference": schema_of(REFERENCE),
            },
        },
    }


def _paths(kind: Kind) -> Doc:
    path = f"/{kind.version}{kinds.INSIDE[kind.scope]}/{kind.collection}"
    names = [word[1:-1] for word in path.split("/") if word.startswith("{")]
    one = f"{path}/{{name}}"
    listing = {"get": _list(kind, names)}
    if kind.is_log:
        return {path: listing}
    item: Doc = {"get": _get(kind, [*names, "name"])}
    if kind.is_writable:
        item["put"] = _put(kind, [*names, "name"])
        item["delete"] = _accepted(f"delete{_noun(kind)}", [*names, "name"])
    actions = {
        f"{one}/{action}": {"post": _accepted(f"{action}{_noun(kind)}", [*names, "name"])}
        for action in kind.actions
    }
    return {path: listing, one: item, **actions}


def _list(kind: Kind, names: list[str]) -> Doc:
    metadata = object_of(
        {name: {"type": "string"} for name in ("provider", "resource", "verb", "skipToken")},
        ["provider", "resource", "verb"],
    )
    items = {"type": "array", "items": ref_to(_type(kind))}
    page = object_of({"items": items, "metadata": metadata}, ["items", "metadata"])
    return {
        "operationId": f"list{_noun(kind)}s",
        "parameters": [*_path_parameters(names), *LIST_PARAMETERS],
        "responses": {"200": _json("a page", page), **_refusals("400", "401", "403", "404", "500")},
    }


def _get(kind: Kind, names: list[str]) -> Doc:
    return {
        "operationId": f"get{_noun(kind)}",
        "parameters": _path_parameters(names),
        "responses": {
            "200": _json("as it is", ref_to(_type(kind))),
            **_refusals("401", "403", "404", "500"),
        },
    }


def _put(kind: Kind, names: list[str]) -> Doc:
    body = ref_to(_type(kind))
    return {
        "operationId": f"createOrUpdate{_noun(kind)}",
        "parameters": [*_path_parameters(names), VERSION_HEADER],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _json("changed", body),
            "201": _json("created", body),
            **_refusals("401", "403", "404", "412", "413", "500"),
        },
    }


def _accepted(operation: str, names: list[str]) -> Doc:
    """For what is begun by the answer and done later."""
    return {
        "operationId": operation,
        "parameters": [*_path_parameters(names), VERSION_HEADER],
        "responses": {
            "202": {"description": "begun"},
            **_refusals("401", "403", "404", "412", "500"),
        },
    }


def _resource(kind: Kind) -> Doc:
    values = {
        "labels": kinds.LABEL_CHARACTERS_MAX,
        "annotations": kinds.ANNOTATION_CHARACTERS_MAX,
        "extensions": None,
    }
    own: Doc = {name: values_of(most) for name, most in values.items()}
    own["metadata"] = _metadata(kind)
    own["spec"] = schema_of(kind.spec)
    if kind.is_writable:
        own["status"] = _status(kind)
    return object_of(own, [] if isinstance(kind.spec, Free) else ["spec"])


def _metadata(kind: Kind) -> Doc:
    members: Doc = {
        name: {"type": "string"} for name in ("provider", "resource", "verb", "apiVersion", "ref")
    }
    members["name"] = {
        "type": "string",
        "minLength": 1,
        "maxLength": kinds.NAME_CHARACTERS_MAX,
        "pattern": f"^{kinds.NAME_PATTERN}$",
    }
    members["kind"] = {"const": kind.name}
    inside = [word[1:-1] for word in kinds.INSIDE[kind.scope].split("/") if word[:1] == "{"]
    for name in [*inside, "region"] if kind.is_regional else inside:
        members[name] = {"type": "string", "maxLength": kinds.ID_CHARACTERS_MAX}
    if kind.collection != "skus":
        members |= {name: _instant() for name in ("createdAt", "lastModifiedAt")}
        members["resourceVersion"] = {"type": "integer"}
    required = sorted(members)
    if kind.is_writable:
        members["deletedAt"] = _instant()
    return {**object_of(members, required), "readOnly": True}


def _status(kind: Kind) -> Doc:
    conditions = {
        "type": "array",
        "maxItems": kinds.CONDITIONS_MAX,
        "items": ref_to("Condition"),
    }
    shown = schema_of(kind.status)
    members = {"state": {"enum": STATES}, "conditions": conditions, **shown["properties"]}
    required = ["conditions", "state", *shown.get("required", ())]
    return {**object_of(members, required), "readOnly": True}


def _condition() -> Doc:
    members = {
        "state": {"enum": STATES},
        "lastTransitionAt": _instant(),
        "reason": {"type": "string", "maxLength": 1024},
        "message": {"type": "string", "maxLength": 32768},
    }
    return object_of(members, ["lastTransitionAt", "state"])


def _problem() -> Doc:
    source = object_of({"pointer": {"type": "string"}, "parameter": {"type": "string"}}, [])
    members: Doc = {name: {"type": "string"} for name in (*PROBLEM_MEMBERS, "code", "hint")}
    members |= {"status": {"type": "integer"}, "sources": {"type": "array", "items": source}}
    return object_of(members, [*PROBLEM_MEMBERS, "code"])


def _refusals(*codes: str) -> Doc:
    schema = {"application/problem+json": {"schema": ref_to("Problem")}}
    return {code: {"description": REFUSALS[code], "content": schema} for code in codes}


def _json(words: str, schema: Doc) -> Doc:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _path_parameters(names: Iterable[str]) -> list[Doc]:
    text = {"type": "string"}
    return [{"name": name, "in": "path", "required": True, "schema": text} for name in names]


def _instant() -> Doc:
    return {"type": "string", "format": "date-time"}


def _type(kind: Kind) -> str:
    return _camel(kind.name)


def _noun(kind: Kind) -> str:
    """How operations call one of the collection: every provider's SKUs are just that."""
    return _camel(kind.collection.removesuffix("s"))


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
