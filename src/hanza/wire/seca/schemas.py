"""Shapes as JSON Schema, for the published OpenAPI documents."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from hanza.model import kinds
from hanza.model.fields import (
    ADDRESS_PATTERN,
    Address,
    Block,
    Flag,
    Many,
    Record,
    Reference,
    Shape,
    Text,
    Values,
    Whole,
)

Doc: TypeAlias = dict[str, Any]


def schema_of(shape: Shape) -> Doc:
    """What a shape lets through, as far as JSON Schema has words for it."""
    match shape:
        case Text() | Block() | Address():
            return {"type": "string", **said(_written(shape))}
        case Whole(least, most):
            return {"type": "integer", "minimum": least, **said({"maximum": most})}
        case Flag():
            return {"type": "boolean"}
        case Values(most):
            return values_of(most)
        case Reference():
            return ref_to("Reference")
        case Many(item, most, least):
            limits = {"minItems": least or None, "maxItems": most}
            return {"type": "array", "items": schema_of(item), **said(limits)}
        case Record(members, is_never_empty):
            required = [member.name for member in members if member.is_required]
            own = {member.name: schema_of(member.shape) for member in members}
            some = {"minProperties": 1} if is_never_empty else {}
            return {**object_of(own, required), **some, "additionalProperties": False}
        case _:
            return {"type": "object"}


def _written(shape: Text | Block | Address) -> Doc:
    limits: Doc = {"minLength": shape.least or None, "maxLength": shape.most}
    match shape:
        case Text(choices=choices):
            return limits | {"enum": list(choices) or None}
        case Block(pattern=pattern):
            return limits | {"pattern": pattern}
        case Address():
            return limits | {"pattern": ADDRESS_PATTERN}


def object_of(members: Mapping[str, Any], required: Iterable[str]) -> Doc:
    wanted = sorted(required)
    more = {"required": wanted} if wanted else {}
    return {"type": "object", "properties": dict(members), **more}


def values_of(most: int | None) -> Doc:
    return {
        "type": ["object", "null"],
        "maxProperties": kinds.WORDS_MAX,
        "propertyNames": {"maxLength": kinds.KEY_CHARACTERS_MAX},
        "additionalProperties": {"type": "string", **said({"maxLength": most})},
    }


def said(limits: Mapping[str, Any]) -> Doc:
    return {name: value for name, value in limits.items() if value is not None}


def ref_to(name: str) -> Doc:
    return {"$ref": f"#/components/schemas/{name}"}
