"""README.md and its YAML block: broken, of another shape, or at odds with the data."""

from services.worker.tests.corpus.case import Case, Failure, Page, only
from services.worker.tests.reader.edge_cases import README, card

_CSV = b"a\n1\n"
_ONE = Page({"a": "int64"}, [{"a": 1}])


def _case(name: str, readme: bytes, expected: Page | Failure) -> Case:
    return Case(
        name,
        lambda: {README: readme, "data.csv": _CSV},
        expected if isinstance(expected, Failure) else only(expected),
    )


def _config(rest: str) -> bytes:
    return card(f"configs:\n- config_name: default\n  data_files: data.csv\n  {rest}")


def _between_good_ones(config: str) -> bytes:
    good = "- config_name: {}\n  data_files: data.csv"
    return card("\n".join(["configs:", good.format("x"), config, good.format("z")]))


def _one_bad_config(what: str, name: str, config: str, failure: Failure) -> Case:
    return Case(
        f"one-config-with-{what}",
        lambda: {README: _between_good_ones(config), "data.csv": _CSV},
        {"x": {"train": _ONE}, name: failure, "z": {"train": _ONE}},
    )


def _bad(*names: str) -> Failure:
    return Failure("InvalidDatasetCardError", "README.md", *names)


_OUTSIDE = Failure("DataFilesNotFoundError", "README.md", "relative to the root")
_BAD_CONFIGS = [
    ("a-folder-outside", "y", "- config_name: y\n  data_dir: /etc", _OUTSIDE),
    ("no-such-folder", "y", "- config_name: y\n  data_dir: nothing", Failure("DataFilesNotFoundError", "data_dir")),
    ("bad-data-files", "y", "- config_name: y\n  data_files: 7", _bad("data_files")),
    ("a-bad-name", "a/b", "- config_name: a/b\n  data_files: data.csv", _bad("a/b")),
    (
        "a-bad-feature",
        "y",
        "- config_name: y\n  data_files: data.csv\n  features:\n  - name: a\n    dtype: nonsense",
        _bad("Nonsense"),
    ),
]


CASES = [
    _case("yaml-unclosed", card("license: mit\nconfigs: [unclosed"), _bad("line")),
    _case("yaml-with-tabs", card("license: mit\nconfigs:\n\t- config_name: x"), _bad("line 4")),
    _case("yaml-bad-indentation", card("license: mit\n  language: en\n configs: 7"), _bad("line 3")),
    _case("yaml-twice-the-same-key", card("license: mit\nlicense: apache-2.0"), _ONE),
    _case("yaml-is-a-list", card("- a\n- b"), _bad()),
    _case("yaml-is-a-string", card("nothing but words"), _bad()),
    _case("yaml-is-empty", card(""), _ONE),
    _case("yaml-never-ends", b"---\nlicense: mit\n# A dataset\n", _ONE),
    _case("yaml-with-a-custom-tag", card("x: !!python/object/apply:os.system ['true']"), _bad("line 2")),
    _case("yaml-nested-too-deeply", card("x: " + "[" * 5_000 + "]" * 5_000), _bad("nested too deeply")),
    _case("configs-is-a-number", card("configs: 7"), _bad("configs")),
    _case("configs-is-a-text", card("configs: all"), _bad("configs")),
    _case("configs-of-texts", card("configs: [x, y]"), _bad("x is not a config")),
    _case("config-of-one-word", card("configs:\n- config_name"), _bad("is not a config", "config_name: ")),
    _case("config-without-a-name", card("configs:\n- data_files: data.csv"), _bad("config_name")),
    _case(
        "config-name-is-a-number", card("configs:\n- config_name: 2024\n  data_files: data.csv"), _bad("config_name")
    ),
    _case("config-name-with-a-slash", card("configs:\n- config_name: a/b\n  data_files: data.csv"), _bad("a/b")),
    _case("data-files-is-a-number", card("configs:\n- config_name: x\n  data_files: 7"), _bad("data_files")),
    _case(
        "data-files-without-path",
        card("configs:\n- config_name: x\n  data_files:\n  - split: train"),
        _bad("data_files"),
    ),
    _case(
        "split-name-with-a-hyphen",
        card("configs:\n- config_name: x\n  data_files:\n  - split: my-split\n    path: data.csv"),
        _bad("my-split"),
    ),
    _case(
        "split-declared-twice",
        card(
            "configs:\n- config_name: x\n  data_files:\n"
            "  - split: s\n    path: data.csv\n  - split: s\n    path: data.csv"
        ),
        _bad("'s'"),
    ),
    _case("unknown-parameter", _config("nonsense: 3"), _ONE),
    _case("separator", _config('sep: ";"'), _ONE),
    _case(
        "feature-of-unknown-type",
        card("dataset_info:\n  features:\n  - name: a\n    dtype: nonsense"),
        _bad("Nonsense", "dataset_info"),
    ),
    _case("features-is-a-text", card("dataset_info:\n  features: all"), _bad("dataset_info")),
    _case("dataset-info-is-a-text", card("dataset_info: big"), _ONE),
    _case("without-newline-at-the-end", b"---\nlicense: mit\n---", _ONE),
    _case("crlf-readme", card("license: mit\nlanguage: en").replace(b"\n", b"\r\n"), _ONE),
    _case("bom-readme", b"\xef\xbb\xbf" + card("license: mit"), _ONE),
    _case("latin-1-readme", card("license: mit") + "café\n".encode("latin-1"), _bad("UTF-8")),
    _case("utf-16-readme", "---\nlicense: mit\n---\n".encode("utf-16"), _bad("UTF-8")),
    _case("huge-readme", card("license: mit") + b"word " * 400_000, _ONE),
    *(_one_bad_config(*bad) for bad in _BAD_CONFIGS),
    Case(
        "two-bad-configs-of-different-kinds",
        lambda: {
            README: _between_good_ones(
                "- config_name: lost\n  data_files: nothing.csv\n- config_name: out\n  data_dir: /etc"
            ),
            "data.csv": _CSV,
        },
        {
            "x": {"train": _ONE},
            "lost": Failure("DataFilesNotFoundError", "nothing.csv", "add the file"),
            "out": _OUTSIDE,
            "z": {"train": _ONE},
        },
    ),
    Case(
        "default-config-that-is-not-first",
        lambda: {
            README: card(
                "configs:\n- config_name: x\n  data_files: data.csv\n"
                "- config_name: y\n  data_files: data.csv\n  default: true"
            ),
            "data.csv": _CSV,
        },
        {"x": {"train": _ONE}, "y": {"train": _ONE}},
    ),
]
