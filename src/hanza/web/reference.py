"""OpenAPI documents as plain pages: HTML without a script, so that nothing has to be trusted.

Renderers of others were looked at and left: the smallest is some 800 KB of script, several times
the page itself, and each needs inline styles, which the policy in `pages.HEADERS` forbids.  What
is here knows the part of JSON Schema that our documents use.  No schema is checked here.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, TypeAlias

from hanza.web.pages import File, file_of

Doc: TypeAlias = Mapping[str, Any]
FOLDER = "/openapi"
STYLE_PATH = FOLDER + "/reference.css"
STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --accent: #0b7a75 }
@media (prefers-color-scheme: dark) { :root { --accent: #4fc3bb } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
a { color: var(--accent) }
code, .path { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 0.8rem }
summary { cursor: pointer; padding: 0.4rem 0 }
summary b { display: inline-block; min-width: 4.5em; color: var(--accent) }
:target { border-color: var(--accent); border-width: 2px }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0 }
td { border-top: 1px solid var(--soft) }
""".lstrip()
_LIMITS = {
    "const": "is",
    "default": "else",
    "format": "as",
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minLength": "characters, at least",
    "maxLength": "characters, at most",
    "minItems": "items, at least",
    "maxItems": "items, at most",
    "minProperties": "members, at least",
    "maxProperties": "members, at most",
    "pattern": "like",
}


def bundle_of(documents: Mapping[str, Doc]) -> dict[str, File]:
    """What a plane serves of documents, by path; the documents by the names of their files."""
    found = {
        FOLDER: file_of("index.html", _index(documents).encode()),
        STYLE_PATH: file_of(STYLE_PATH, STYLE.encode()),
    }
    for name, document in documents.items():
        text = json.dumps(document, indent=1, sort_keys=True)
        found[f"{FOLDER}/{name}"] = file_of(name, f"{text}\n".encode())
        path = f"{FOLDER}/{name.removesuffix('.json')}"
        found[path] = file_of("page.html", page_of(name, document).encode())
    return found


def page_of(name: str, document: Doc) -> str:
    """One document for people; `name` is its file's."""
    info = document["info"]
    words = f"<p>{escape(info.get('description', ''))}</p>"
    links = (
        f'<p><a href="{FOLDER}">All documents</a> · <a href="{FOLDER}/{escape(name)}">as JSON</a>'
        f" · version {escape(info['version'])}, below <code>{_server(document)}</code></p>"
    )
    parts = [words, links, *_operations(document)]
    parts += [*_refusals(document), *_components(document)]
    return _page(info["title"], parts)


def _index(documents: Mapping[str, Doc]) -> str:
    rows = [
        f'<tr><td><a href="{FOLDER}/{escape(name.removesuffix(".json"))}">'
        f"{escape(document['info']['title'])}</a></td><td>{len(_listed(document))} operations</td>"
        f'<td><a href="{FOLDER}/{escape(name)}">JSON</a></td></tr>'
        for name, document in documents.items()
    ]
    return _page("Hanza: the API's documents", [f"<table>{''.join(rows)}</table>"])


def _page(title: str, parts: list[str]) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="{STYLE_PATH}"></head>'
        f"<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def _server(document: Doc) -> str:
    return escape(document["servers"][0]["url"])


def _listed(document: Doc) -> list[tuple[str, str, Doc]]:
    """Path, method and operation, in the order of the document."""
    paths = document["paths"].items()
    return [(path, method, it) for path, methods in paths for method, it in methods.items()]


def _operations(document: Doc) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, method, operation in _listed(document):
        tag = operation.get("tags", ["operations"])[0]
        by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    for tag in sorted(by_tag):
        yield f"<h2>{escape(tag)}</h2>"
        yield from by_tag[tag]


def _operation(path: str, method: str, operation: Doc) -> str:
    name = operation["operationId"]
    inside = [f"<p>{_code_words(operation.get('description', ''))}</p>"]
    permission = operation.get("x-hanza-permission", {})
    said = ", ".join(f"{key} <code>{escape(str(it))}</code>" for key, it in permission.items())
    inside.append(f"<p>For whom: {said}</p>" if "description" not in operation else "")
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_type(one['schema'])}</td><td>{escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    ]
    inside.append(_table(("parameter", "in", "type", ""), rows))
    if "requestBody" in operation:
        inside.append(f"<p>Takes {_content(operation['requestBody'])}</p>")
    answers = operation["responses"].items()
    rows = [_answer(status, one) for status, one in answers if "$ref" not in one]
    inside.append(_table(("status", "", "gives"), rows))
    shared = [
        f'<a href="#{escape(one["$ref"].rpartition("/")[2])}">{status}</a>'
        for status, one in answers
        if "$ref" in one
    ]
    inside.append(f"<p>Refused with {', '.join(shared)}</p>" if shared else "")
    summary = f'<b>{method.upper()}</b> <span class="path">{escape(path)}</span> — {escape(name)}'
    return f'<details id="{escape(name)}"><summary>{summary}</summary>{"".join(inside)}</details>'


def _components(document: Doc) -> Iterator[str]:
    yield "<h2>Types</h2>"
    for name, schema in document["components"]["schemas"].items():
        words = f"<p>{escape(schema.get('description', ''))}</p>"
        required = set(schema.get("required", ()))
        rows = [
            f"<tr><td><code>{escape(member)}</code></td>"
            f"<td>{'needed' if member in required else ''}</td><td>{_type(one)}</td></tr>"
            for member, one in schema.get("properties", {}).items()
        ]
        table = _table(("member", "", "type"), rows) or f"<p>{_type(schema)}</p>"
        yield (
            f'<details id="type-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
            f"{words}{table}</details>"
        )


def _refusals(document: Doc) -> Iterator[str]:
    """The answers that operations share."""
    shared = document["components"].get("responses", {})
    if shared:
        yield "<h2>Refusals</h2>"
    for name, answer in shared.items():
        yield f'<div id="{escape(name)}">{_table(("", "", ""), [_answer(name, answer)])}</div>'


def _answer(status: str, answer: Doc) -> str:
    words = _code_words(answer["description"])
    return f"<tr><td>{escape(status)}</td><td>{words}</td><td>{_content(answer)}</td></tr>"


def _content(holder: Doc) -> str:
    return ", ".join(
        f"<code>{escape(kind)}</code>: {_type(one['schema'])}"
        for kind, one in holder.get("content", {}).items()
    )


def _type(schema: Doc) -> str:
    """A schema in a few words, with links to the types that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#type-{name}">{name}</a>'
    for key, word in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " with ")):
        if key in schema:
            return word.join(_type(one) for one in schema[key])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        words = f"list of {_type(schema['items'])}"
    elif schema.get("properties"):
        members = schema["properties"].items()
        inside = ", ".join(f"<code>{escape(name)}</code>: {_type(one)}" for name, one in members)
        words = f"{{{inside}}}"
    elif isinstance(schema.get("additionalProperties"), Mapping):
        words = f"names, each with {_type(schema['additionalProperties'])}"
    limits = [
        f"{said} <code>{escape(json.dumps(schema[key]))}</code>"
        for key, said in _LIMITS.items()
        if key in schema
    ]
    return "; ".join([words, *limits] if words else limits)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    if not rows:
        return ""
    first = "".join(f"<th>{one}</th>" for one in heads)
    return f"<table><tr>{first}</tr>{''.join(rows)}</table>"


def _code_words(text: str) -> str:
    """What stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{one}</code>" if n % 2 else one for n, one in enumerate(parts))
