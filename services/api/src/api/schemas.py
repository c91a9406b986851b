"""JSON Schemas of what the API answers."""

from typing import Any

Object = dict[str, Any]

STRING: Object = {"type": "string"}
INTEGER: Object = {"type": "integer", "minimum": 0}
BOOLEAN: Object = {"type": "boolean"}


def nullable(schema: Object) -> Object:
    """The schema, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def array(items: Object) -> Object:
    """A list of these."""
    return {"type": "array", "items": items}


def record(required: Object, **optional: Object) -> Object:
    """An object with these members."""
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


ERROR = record(
    {"error": {**STRING, "description": "What is wrong, and what to do."}},
    cause_exception={**STRING, "description": "The library's exception behind it."},
    cause_message={**STRING, "description": "What that says."},
    state={"enum": ["waiting", "running"], "description": "Of the job for the answer."},
    position={**nullable(INTEGER), "description": "How many jobs of the namespace are before it; null: over 100."},
)
PROBLEM = record(
    {
        "type": {**STRING, "format": "uri-reference"},
        "title": STRING,
        "status": {"type": "integer"},
        "detail": {**STRING, "description": "What is wrong, and what to do."},
        "code": {**STRING, "description": "As in `X-Error-Code`."},
    },
    **{name: schema for name, schema in ERROR["properties"].items() if name != "error"},
)

_OF_A_SPLIT = {"dataset": STRING, "config": STRING, "split": STRING}
SPLITS = record(
    {
        "splits": array(record({**_OF_A_SPLIT, "num_bytes": nullable(INTEGER), "num_examples": nullable(INTEGER)})),
        "pending": array(record({"dataset": STRING, "config": STRING})),
        "failed": array(record({"dataset": STRING, "config": STRING, "error": ERROR})),
    }
)
FEATURES = array(
    record(
        {
            "feature_idx": INTEGER,
            "name": STRING,
            "type": {
                "description": "The feature, as the `datasets` library serialises it.",
                "type": ["object", "array"],
            },
        }
    )
)
ROWS = array(
    record(
        {
            "row_idx": INTEGER,
            "row": {"type": "object", "description": "The cells by the names of their columns."},
            "truncated_cells": {**array(STRING), "description": "The columns whose cells were cut."},
        },
        cell_errors={
            "type": "object",
            "additionalProperties": STRING,
            "description": "What is wrong with the cells of these columns, which are null.",
        },
    )
)
FIRST_ROWS = record(
    {
        **_OF_A_SPLIT,
        "features": FEATURES,
        "rows": ROWS,
        "truncated": {**BOOLEAN, "description": "Whether the split has more rows."},
    },
    truncated_reason=STRING,
    columns_truncated=BOOLEAN,
)
PAGE_OF_ROWS = record(
    {
        "features": FEATURES,
        "rows": ROWS,
        "num_rows_total": {**nullable(INTEGER), "description": "The rows of the split; null: nobody counted."},
        "num_rows_per_page": {"const": 100},
        "partial": {**BOOLEAN, "description": "Whether the split has more rows than can be had."},
    }
)
IS_VALID = record(dict.fromkeys(("preview", "viewer", "search", "filter", "statistics"), BOOLEAN))
VALID = record({"valid": array(STRING), "next_cursor": nullable(STRING)})
_REPO = {"repo": record({"type": STRING, "name": STRING}, private=BOOLEAN, headSha=STRING)}
_REFS = {"updatedRefs": array(record({"ref": STRING}))}
_ACTIONS = ["create", "delete", "move", "update"]
WEBHOOK: Object = {
    "anyOf": [
        {
            **record(
                {"event": record({"action": {"enum": _ACTIONS}, "scope": STRING}), **_REPO},
                **_REFS,
                updatedConfig={"type": "object"},
                movedTo=record({"name": STRING}),
            ),
            "title": "Version 3",
        },
        {
            **record({"event": {"enum": ["add", "remove", "move", "update"]}, **_REPO}, scope=STRING, movedTo=STRING),
            "title": "Version 2",
        },
        *(
            {**record({name: {**STRING, "examples": ["datasets/samples/bakery-sales"]}}), "title": "The form of 2022"}
            for name in ("add", "update", "remove")
        ),
    ]
}
READY = record({"mongo": STRING, "assets": STRING}, process=STRING)
