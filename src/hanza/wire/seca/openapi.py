"""The standard's API as OpenAPI 3.1 documents, one for each provider, made from `model.kinds`.

They say what this server takes and answers, and no more than that.  Which answers each operation
has is said here once for all kinds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from hanza.model import kinds
from hanza.model.fields import Free, Many, Record, Reference, Shape, Text, Whole
from hanza.model.kinds import Kind
from hanza.plan.seca.shape import REFERENCE

Doc: TypeAlias = dict[str, Any]
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
        name: _document(name, [kind for kind in kinds.KINDS if kind.provider == name])
        for name in providers
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
        "info": {"title": f"Hanza: {provider}", "version": kinds.VERSION},
        "servers": [server],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **{_type(kind): _resource(kind) for kind in own},
                "Condition": _condition(),
                "Problem": _problem(),
                "Reference": _shape(REFERENCE),
            },
        },
    }


def _paths(kind: Kind) -> Doc:
    tenant = "/tenants/{tenant}"
    inside = {"global": "", "global-tenant": tenant, "tenant": tenant}.get(
        kind.scope, f"{tenant}/workspaces/{{workspace}}"
    )
    path = f"/{kinds.VERSION}{inside}/{kind.collection}"
    names = [word[1:-1] for word in path.split("/") if word.startswith("{")]
    one = f"{path}/{{name}}"
    listing = {"get": _list(kind, names)}
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
    metadata = _object(
        {name: {"type": "string"} for name in ("provider", "resource", "verb", "skipToken")},
        ["provider", "resource", "verb"],
    )
    items = {"type": "array", "items": _ref(_type(kind))}
    page = _object({"items": items, "metadata": metadata}, ["items", "metadata"])
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
            "200": _json("as it is", _ref(_type(kind))),
            **_refusals("401", "403", "404", "500"),
        },
    }


def _put(kind: Kind, names: list[str]) -> Doc:
    body = _ref(_type(kind))
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
    own: Doc = {name: _values(most) for name, most in values.items()}
    own["metadata"] = _metadata(kind)
    own["spec"] = _shape(kind.spec)
    if kind.is_writable:
        own["status"] = _status(kind)
    return _object(own, [] if isinstance(kind.spec, Free) else ["spec"])


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
    places = {"global": (), "global-tenant": ("tenant",), "tenant": ("tenant", "region")}
    for name in places.get(kind.scope, ("tenant", "workspace", "region")):
        members[name] = {"type": "string", "maxLength": kinds.ID_CHARACTERS_MAX}
    if kind.collection != "skus":
        members |= {name: _instant() for name in ("createdAt", "lastModifiedAt")}
        members["resourceVersion"] = {"type": "integer"}
    required = sorted(members)
    if kind.is_writable:
        members["deletedAt"] = _instant()
    return {**_object(members, required), "readOnly": True}


def _status(kind: Kind) -> Doc:
    conditions = {
        "type": "array",
        "maxItems": kinds.CONDITIONS_MAX,
        "items": _ref("Condition"),
    }
    shown = _shape(kind.status)
    members = {"state": {"enum": STATES}, "conditions": conditions, **shown["properties"]}
    required = ["conditions", "state", *shown.get("required", ())]
    return {**_object(members, required), "readOnly": True}


def _shape(shape: Shape) -> Doc:
    match shape:
        case Text(least, most, choices):
            limits = {"minLength": least or None, "maxLength": most, "enum": list(choices) or None}
            return {"type": "string", **_said(limits)}
        case Whole(least, most):
            return {"type": "integer", "minimum": least, **_said({"maximum": most})}
        case Reference():
            return _ref("Reference")
        case Many(item, most, least):
            limits = {"minItems": least or None, "maxItems": most}
            return {"type": "array", "items": _shape(item), **_said(limits)}
        case Record(members):
            required = [member.name for member in members if member.is_required]
            own = {member.name: _shape(member.shape) for member in members}
            return {**_object(own, required), "additionalProperties": False}
        case _:
            return {"type": "object"}


def _condition() -> Doc:
    members = {
        "state": {"enum": STATES},
        "lastTransitionAt": _instant(),
        "reason": {"type": "string", "maxLength": 1024},
        "message": {"type": "string", "maxLength": 32768},
    }
    return _object(members, ["lastTransitionAt", "state"])


def _problem() -> Doc:
    source = _object({"pointer": {"type": "string"}, "parameter": {"type": "string"}}, [])
    members: Doc = {name: {"type": "string"} for name in (*PROBLEM_MEMBERS, "code", "hint")}
    members |= {"status": {"type": "integer"}, "sources": {"type": "array", "items": source}}
    return _object(members, [*PROBLEM_MEMBERS, "code"])


def _refusals(*codes: str) -> Doc:
    schema = {"application/problem+json": {"schema": _ref("Problem")}}
    return {code: {"description": REFUSALS[code], "content": schema} for code in codes}


def _json(words: str, schema: Doc) -> Doc:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _path_parameters(names: Iterable[str]) -> list[Doc]:
    text = {"type": "string"}
    return [{"name": name, "in": "path", "required": True, "schema": text} for name in names]


def _object(members: Mapping[str, Any], required: Iterable[str]) -> Doc:
    wanted = sorted(required)
    said = {"required": wanted} if wanted else {}
    return {"type": "object", "properties": dict(members), **said}


def _values(most: int | None) -> Doc:
    return {
        "type": ["object", "null"],
        "additionalProperties": {"type": "string", **_said({"maxLength": most})},
    }


def _instant() -> Doc:
    return {"type": "string", "format": "date-time"}


def _said(limits: Mapping[str, Any]) -> Doc:
    return {name: value for name, value in limits.items() if value is not None}


def _ref(name: str) -> Doc:
    return {"$ref": f"#/components/schemas/{name}"}


def _type(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.name.split("-"))


def _noun(kind: Kind) -> str:
    """How operations call it: every provider's SKUs are just that."""
    return "Sku" if kind.collection == "skus" else _type(kind)
