"""The OpenAPI document as a page to read: HTML that needs no script and nothing from any other address."""

import re
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson
from libcommon.errors import CATALOGUE

Object = dict[str, Any]

_CODE = re.compile(r"`([^`]+)`")
_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { overflow-x: auto; padding: .7rem; border: 1px solid #8886; border-radius: .3rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886 }
h2 { margin-top: 3rem; border-top: 2px solid #8886; padding-top: 1rem }
nav ul { columns: 2; list-style: none; padding: 0 }
:target { outline: 2px solid #c80 }
"""


def page_of(document: Object) -> str:
    """The page of an OpenAPI document as `api.openapi` makes it."""
    operations = [
        (f"{method.upper()} {path}", path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    contents = "".join(f'<li><a href="#{each["operationId"]}">{escape(name)}</a></li>' for name, _, each in operations)
    errors = "".join(
        f'<tr id="{entry.name}"><td><code>{entry.name}</code></td><td>{entry.status}</td>'
        f"<td>{escape(entry.description)}</td></tr>"
        for entry in CATALOGUE.values()
    )
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{title}</h1>{_text(info['description'])}"
        f'<p>For programs: <a href="openapi.json">openapi.json</a>.</p><nav><ul>{contents}</ul></nav>'
        + "".join(_operation(name, path, each, document) for name, path, each in operations)
        + f"<h2>Error codes</h2>{_table(('code', 'status', 'what it means'), errors)}</main></body></html>"
    )


def _operation(name: str, path: str, operation: Object, document: Object) -> str:
    parts = [f'<h2 id="{operation["operationId"]}"><code>{escape(name)}</code></h2>', _text(operation["summary"] + ".")]
    if "description" in operation:
        parts.append(_text(operation["description"]))
    examples = {each["name"]: each["example"] for each in operation["parameters"] if "example" in each}
    if examples:
        address = f"{path.removeprefix('/')}?{urlencode(examples, safe='/')}"
        parts.append(f'<p>Example: <a href="{escape(address)}"><code>/{escape(address)}</code></a></p>')
    if operation["parameters"]:
        rows = "".join(_parameter(parameter) for parameter in operation["parameters"])
        parts.append(_table(("parameter", "where", "", "what it is"), rows))
    parts += [_response(status, response, document) for status, response in operation["responses"].items()]
    return "".join(parts)


def _parameter(parameter: Object) -> str:
    schema = {name: value for name, value in parameter["schema"].items() if name != "type"}
    limits = f" <code>{escape(_json(schema))}</code>" if schema else ""
    name, place, needed = escape(parameter["name"]), parameter["in"], "required" if parameter["required"] else ""
    about = _inline(parameter["description"]) + limits
    return f"<tr><td><code>{name}</code></td><td>{place}</td><td>{needed}</td><td>{about}</td></tr>"


def _response(status: str, response: Object, document: Object) -> str:
    parts = [f"<h3>{status}</h3>", _text(response["description"])]
    for media_type, content in response.get("content", {}).items():
        if "example" in content:
            parts.append(f"<pre>{escape(_json(content['example'], indent=True))}</pre>")
        elif not content["schema"].get("$ref"):
            schema = _json(content["schema"], indent=True)
            parts.append(
                f"<details><summary><code>{escape(media_type)}</code></summary><pre>{escape(schema)}</pre></details>"
            )
    header = partial(_header, known=document["components"]["headers"])
    rows = "".join(header(name, described) for name, described in response["headers"].items())
    parts.append(f"<details><summary>Headers</summary>{_table(('header', 'what it is'), rows)}</details>")
    return "".join(parts)


def _header(name: str, described: Object, known: Object) -> str:
    about = known[name]["description"] if "$ref" in described else described["description"]
    return f"<tr><td><code>{name}</code></td><td>{_inline(about)}</td></tr>"


def _table(heads: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _text(text: str) -> str:
    """Paragraphs and lists of the little Markdown that descriptions have."""
    blocks = []
    for block in text.split("\n\n"):
        first, *items = re.split(r"^- |\n- ", block)
        listed = "".join(f"<li>{_inline(item)}</li>" for item in items)
        blocks.append(f"<p>{_inline(first)}</p>" + (f"<ul>{listed}</ul>" if listed else ""))
    return "".join(blocks)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _json(value: object, *, indent: bool = False) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode()
