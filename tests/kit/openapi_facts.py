"""What can be compared of two OpenAPI documents: operations, success codes, members and limits.

`python -m kit.openapi_facts FILE...` prints the facts of documents, for
`tests/contract/golden/seca_v1.json`; prose is never taken over.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "enum")
JSON = "application/json"
Doc = dict[str, Any]


def facts_of(document: Doc) -> Doc:
    """Operations by method and path, and the limits of every spec by the name of its path."""
    operations, specs = {}, {}
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            answers = sorted(operation["responses"])
            operations[f"{method.upper()} {path}"] = {
                "id": operation["operationId"],
                "good": [code for code in answers if code < "300"],
                "refused": [code for code in answers if code >= "300"],
            }
        if path.endswith("/{name}"):
            content = methods["get"]["responses"]["200"]["content"][JSON]
            spec = plain(document, content["schema"])["properties"]["spec"]
            specs[path] = dict(sorted(limits_of(document, spec, "spec")))
    return {"operations": operations, "specs": specs}


def limits_of(document: Doc, schema: Doc, at: str) -> Iterator[tuple[str, Doc]]:
    """Every member below a schema with its limits; `!` marks what is required."""
    schema = plain(document, schema)
    limits = {name: schema[name] for name in LIMITS if name in schema}
    if "enum" in limits:
        # A choice bounds its own length.
        limits = {"enum": sorted(limits["enum"])}
    if at != "spec":
        yield at, limits
    for name, member in schema.get("properties", {}).items():
        mark = "!" if name in schema.get("required", ()) else ""
        yield from limits_of(document, member, f"{at}.{name}{mark}")
    if "items" in schema:
        yield from limits_of(document, schema["items"], f"{at}[]")


def plain(document: Doc, schema: Doc) -> Doc:
    """Without references and compositions of one."""
    found = dict(schema)
    while "$ref" in found or "allOf" in found:
        parts = [found.pop("$ref")] if "$ref" in found else []
        for part in found.pop("allOf", []):
            found = {**part, **found}
        for part in parts:
            found = {**document["components"]["schemas"][part.rsplit("/", 1)[1]], **found}
    return found


def main(files: list[str]) -> None:
    found = {}
    for name in files:
        document = yaml.safe_load(Path(name).read_text())
        provider = "seca." + document["info"]["title"].rsplit(" ", 1)[1]
        found[provider] = facts_of(document)
    print(json.dumps(found, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
