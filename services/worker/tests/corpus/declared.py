"""The features that README.md declares, as they suit the data or contradict them."""

import pyarrow as pa

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card, lines, parquet

_LABEL = {"names": ["no", "yes"], "_type": "ClassLabel"}
_LABEL_YAML = "\n    dtype:\n      class_label:\n        names:\n          '0': 'no'\n          '1': 'yes'"


def _case(name: str, features: str, file: str, content: bytes, expected: Page | Failure) -> Case:
    return Case(
        name,
        lambda: {README: card(f"dataset_info:\n  features:\n{features}"), file: content},
        only(expected),
    )


CASES = [
    _case(
        "declared-csv", "  - name: a\n    dtype: string", "data.csv", b"a\n007\n", Page({"a": "string"}, [{"a": "7"}])
    ),
    _case(
        "declared-csv-order",
        "  - name: b\n    dtype: int32\n  - name: a\n    dtype: float32",
        "data.csv",
        b"a,b\n1.5,2\n",
        Page({"b": "int32", "a": "float32"}, [{"b": 2, "a": 1.5}]),
    ),
    _case(
        "declared-csv-contradiction",
        "  - name: a\n    dtype: int64",
        "data.csv",
        b"a\nx\n",
        Failure("DatasetGenerationCastError", "dataset_info", "'x'"),
    ),
    _case(
        "declared-csv-column-that-is-not-there",
        "  - name: a\n    dtype: int64\n  - name: z\n    dtype: int64",
        "data.csv",
        b"a,b\n1,2\n",
        Failure("DatasetGenerationCastError", "dataset_info", "'b'"),
    ),
    _case(
        "declared-labels-by-number",
        f"  - name: a{_LABEL_YAML}",
        "data.csv",
        b"a\n1\n0\n",
        Page({"a": _LABEL}, [{"a": 1}, {"a": 0}]),
    ),
    _case(
        "declared-labels-by-name",
        f"  - name: a{_LABEL_YAML}",
        "data.jsonl",
        lines({"a": "yes"}, {"a": "no"}, {"a": None}),
        Page({"a": _LABEL}, [{"a": 1}, {"a": 0}, {"a": None}]),
    ),
    _case(
        "declared-labels-unknown-name",
        f"  - name: a{_LABEL_YAML}",
        "data.jsonl",
        lines({"a": "maybe"}),
        Failure("DatasetGenerationCastError", "data.jsonl", "maybe"),
    ),
    _case(
        "declared-labels-out-of-range",
        f"  - name: a{_LABEL_YAML}",
        "data.parquet",
        parquet(pa.table({"a": [0, 7]})),
        Page({"a": _LABEL}, [{"a": 0}, {"a": 7}]),
    ),
    _case(
        "declared-parquet-wider",
        "  - name: a\n    dtype: int64",
        "data.parquet",
        parquet(pa.table({"a": pa.array([1], pa.int8())})),
        Page({"a": "int64"}, [{"a": 1}]),
    ),
    _case(
        "declared-parquet-contradiction",
        "  - name: a\n    dtype: int64",
        "data.parquet",
        parquet(pa.table({"a": ["x"]})),
        Failure("DatasetGenerationCastError", "data.parquet", "'x'"),
    ),
    _case(
        "declared-parquet-column-that-is-not-declared",
        "  - name: a\n    dtype: int64",
        "data.parquet",
        parquet(pa.table({"a": [1], "b": [2]})),
        Failure("DatasetGenerationCastError", "data.parquet", "'b'"),
    ),
    _case(
        "declared-json-missing-column-is-null",
        "  - name: a\n    dtype: int64\n  - name: z\n    dtype: string",
        "data.jsonl",
        lines({"a": 1}),
        Page({"a": "int64", "z": "string"}, [{"a": 1, "z": None}]),
    ),
    _case(
        "declared-json-object-as-text",
        "  - name: a\n    dtype: string",
        "data.jsonl",
        lines({"a": {"b": 1}}),
        Page({"a": "string"}, [{"a": '{"b":1}'}]),
    ),
    Case(
        "declared-sizes-that-are-wrong",
        lambda: {
            README: card(
                "dataset_info:\n  features:\n  - name: a\n    dtype: int64\n"
                "  splits:\n  - name: train\n    num_bytes: 9\n    num_examples: 12345"
            ),
            "data.csv": b"a\n1\n",
        },
        only(Page({"a": "int64"}, [{"a": 1}])),
    ),
    Case(
        "declared-split-that-is-not-there",
        lambda: {
            README: card(
                "dataset_info:\n  features:\n  - name: a\n    dtype: int64\n"
                "  splits:\n  - name: nowhere\n    num_bytes: 9\n    num_examples: 1"
            ),
            "data.csv": b"a\n1\n",
        },
        only(Page({"a": "int64"}, [{"a": 1}])),
    ),
]
