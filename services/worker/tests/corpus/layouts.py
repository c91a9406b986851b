"""How repositories are laid out: what is a data file, a split, a config."""

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card, lines

_CSV = b"a\n1\n"
_ONE = Page({"a": "int64"}, [{"a": 1}])
_TWO = Page({"a": "int64"}, [{"a": 1}, {"a": 2}])
_DEEP = "/".join(f"level{number}" for number in range(40))


def _configs(*names: str) -> bytes:
    return card("configs:\n" + "\n".join(f"- config_name: {name}\n  data_files: {name}.csv" for name in names))


def _splits(number: int) -> bytes:
    entries = "".join(f"\n  - split: s{index}\n    path: data.csv" for index in range(number))
    return card(f"configs:\n- config_name: default\n  data_files:{entries}")


CASES = [
    Case("name-with-stars", lambda: {"data*.csv": _CSV}, only(_ONE)),
    Case("no-files", dict, Failure("EmptyDatasetError", "no data files")),
    Case("readme-only", lambda: {README: b"# Nothing here\n"}, Failure("EmptyDatasetError", "no data files")),
    Case("card-only", lambda: {README: card("license: mit")}, Failure("EmptyDatasetError", "no data files")),
    Case(
        "script",
        lambda: {"script.py": b"raise SystemExit\n"},
        Failure("DatasetWithScriptNotSupportedError", "script.py", "Parquet"),
    ),
    Case(
        "script-beside-data",
        lambda: {"script-beside-data.py": b"raise SystemExit\n", "data.csv": _CSV},
        Failure("DatasetWithScriptNotSupportedError", "script-beside-data.py", "delete"),
    ),
    Case("other-script-beside-data", lambda: {"clean.py": b"raise SystemExit\n", "data.csv": _CSV}, only(_ONE)),
    Case(
        "only-unsupported",
        lambda: {"model.bin": b"\x00" * 100, "weights.safetensors": b"\x00" * 100},
        Failure("DataFilesNotFoundError", "supported format", "Parquet"),
    ),
    Case("unsupported-beside-data", lambda: {"model.bin": b"\x00", "data.csv": _CSV, "LICENSE": b"MIT"}, only(_ONE)),
    Case(
        "splits-by-file",
        lambda: {"test.csv": _CSV, "train.csv": _CSV, "validation.csv": _CSV},
        {"default": {"train": _ONE, "validation": _ONE, "test": _ONE}},
    ),
    Case(
        "splits-by-folder",
        lambda: {"train/x.csv": _CSV, "test/y.csv": _CSV},
        {"default": {"train": _ONE, "test": _ONE}},
    ),
    Case(
        "splits-by-keyword",
        lambda: {"my-training-set.csv": _CSV, "my-dev-set.csv": _CSV},
        {"default": {"train": _ONE, "validation": _ONE}},
    ),
    Case(
        "shards-of-a-split",
        lambda: {"data/train-00000-of-00002.csv": b"a\n1\n", "data/train-00001-of-00002.csv": b"a\n2\n"},
        only(_TWO),
    ),
    Case(
        "split-of-another-name",
        lambda: {"data/forest-00000-of-00001.csv": _CSV},
        only(_ONE, split="forest"),
    ),
    Case("files-in-order-of-names", lambda: {"b.csv": b"a\n2\n", "a.csv": b"a\n1\n"}, only(_TWO)),
    Case("deep-folder", lambda: {f"{_DEEP}/data.csv": _CSV}, only(_ONE)),
    Case("files-to-ignore", lambda: {"__pycache__/x.csv": b"z\n9\n", "data.csv": _CSV}, only(_ONE)),
    Case(
        "odd-file-names",
        lambda: {"data/a b#c?d%20e&f=g.csv": b"a\n1\n", "data/é 😀 'quoted'.csv": b"a\n2\n"},
        only(_TWO),
    ),
    Case("name-in-brackets", lambda: {"data [final] {1}.csv": _CSV}, only(_ONE)),
    Case(
        "two-configs",
        lambda: {README: _configs("x", "y"), "x.csv": _CSV, "y.csv": b"b\nz\n"},
        {"x": {"train": _ONE}, "y": {"train": Page({"b": "string"}, [{"b": "z"}])}},
    ),
    Case(
        "configs-in-different-formats",
        lambda: {
            README: card(
                "configs:\n- config_name: x\n  data_files: x.csv\n- config_name: y\n  data_files: y.jsonl\n"
                "- config_name: z\n  data_files: z.txt"
            ),
            "x.csv": _CSV,
            "y.jsonl": lines({"a": 1}),
            # CSV by another name, as the library takes it.
            "z.txt": _CSV,
        },
        {"x": {"train": _ONE}, "y": {"train": _ONE}, "z": {"train": _ONE}},
    ),
    Case(
        "config-by-folder",
        lambda: {
            README: card("configs:\n- config_name: x\n  data_dir: first\n- config_name: y\n  data_dir: second"),
            "first/train.csv": _CSV,
            "second/test.csv": _CSV,
        },
        {"x": {"train": _ONE}, "y": {"test": _ONE}},
    ),
    Case(
        "config-with-an-odd-name",
        lambda: {README: card("configs:\n- config_name: \"é 😀 'x' & y\"\n  data_files: data.csv"), "data.csv": _CSV},
        only(_ONE, config="é 😀 'x' & y"),
    ),
    Case(
        "a-bad-config-among-good-ones",
        lambda: {README: _configs("x", "missing", "y"), "x.csv": _CSV, "y.csv": _CSV},
        {
            "x": {"train": _ONE},
            "missing": Failure("DataFilesNotFoundError", "missing.csv", "README.md"),
            "y": {"train": _ONE},
        },
    ),
    Case(
        "a-bad-split-among-good-ones",
        lambda: {"train.jsonl": lines({"a": 1}), "test.jsonl": b'{"a": \n', "validation.jsonl": lines({"a": 1})},
        {"default": {"train": _ONE, "validation": _ONE, "test": Failure("CorruptDataError", "test.jsonl")}},
    ),
    Case(
        "splits-in-different-formats",
        lambda: {"train.csv": _CSV, "test.jsonl": lines({"a": 1})},
        Failure("FileFormatMismatchBetweenSplitsError", "csv", "json", "one format"),
    ),
    Case(
        "many-configs",
        lambda: {
            README: card(
                "configs:\n" + "\n".join(f"- config_name: c{number:03}\n  data_files: data.csv" for number in range(12))
            ),
            "data.csv": _CSV,
        },
        {f"c{number:03}": {"train": _ONE} for number in range(12)},
    ),
    Case(
        "too-many-splits",
        lambda: {README: _splits(101), "data.csv": _CSV},
        Failure("DatasetWithTooManySplitsError", "101 splits"),
    ),
    Case(
        "too-many-configs",
        lambda: {
            README: card(
                "configs:\n" + "\n".join(f"- config_name: c{number}\n  data_files: data.csv" for number in range(4_001))
            ),
            "data.csv": _CSV,
        },
        Failure("DatasetWithTooManyConfigsError", "4001 configs"),
        long=True,
    ),
    Case(
        "ten-thousand-files",
        lambda: {f"data/{number // 100:02}/{number:05}.csv": b"a\n%d\n" % number for number in range(10_000)},
        only(Page({"a": "int64"}, [{"a": number} for number in range(100)], number=100, ends="first 100 rows")),
        long=True,
    ),
    Case(
        "thirty-one-splits",
        lambda: {README: _splits(31), "data.csv": b"a\n1\n"},
        Failure("DatasetWithTooManySplitsError", "31 splits", "30"),
    ),
]
