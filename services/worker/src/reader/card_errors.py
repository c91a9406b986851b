"""What the libraries raise about README.md and the files of a repository, and what each of it becomes; see `errors`."""

import yaml
from datasets.data_files import EmptyDatasetError
from datasets.exceptions import DataFilesNotFoundError

from reader.confinement import OutsideDatasetError
from reader.error_rule import Rule

_OUTSIDE = (
    "README.md declares data files outside of the dataset: "
    "use paths relative to the root of the repository in data_files and data_dir."
)
_NO_MATCH = "No file matches the patterns of the config: correct data_files or data_dir in the configs of README.md."
_DATA_FILES = (
    "it has to be a pattern, a list of patterns, or a list of objects with split and path, "
    "and the name of a split has only letters, digits, _ and dots"
)

CARD_RULES = [
    Rule(
        RuntimeError,
        r"Dataset scripts are no longer supported, but found (?P<script>.+)",
        "DatasetWithScriptNotSupportedError",
        "The dataset has a loading script, {script}, and scripts are not run any more: "
        "convert the data to Parquet, CSV or JSON Lines and delete the script.",
    ),
    Rule(OutsideDatasetError, None, "DataFilesNotFoundError", _OUTSIDE),
    Rule(ValueError, "Data files don't belong to", "DataFilesNotFoundError", _OUTSIDE),
    Rule(
        DataFilesNotFoundError,
        None,
        "DataFilesNotFoundError",
        "No data file of a supported format was found: add CSV, JSON Lines, Parquet, text, image, audio or video "
        "files, and check the patterns in the configs of README.md.",
    ),
    Rule(EmptyDatasetError, "for config", "DataFilesNotFoundError", _NO_MATCH),
    Rule(EmptyDatasetError, None, "EmptyDatasetError", "The dataset has no data files: add some."),
    Rule(
        FileNotFoundError,
        "Unable to find '(?P<pattern>[^']+)'",
        "DataFilesNotFoundError",
        "No file matches '{pattern}': correct data_files or data_dir in the configs of README.md, or add the file.",
    ),
    Rule(FileNotFoundError, "Unable to find", "DataFilesNotFoundError", _NO_MATCH),
    Rule(
        ValueError,
        "Couldn't infer the same data file format for all splits",
        "FileFormatMismatchBetweenSplitsError",
        "The splits have files of different formats ({formats}): use one format for all splits, or separate configs.",
    ),
    Rule(
        yaml.MarkedYAMLError,
        None,
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md is not valid ({line}): correct its syntax.",
    ),
    Rule(
        yaml.YAMLError,
        None,
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md is not valid: correct its syntax.",
    ),
    Rule(
        ValueError,
        "Feature type '(?P<type>[^']*)' not found",
        "InvalidDatasetCardError",
        "README.md declares a feature of the type '{type}', which is not known: correct the features of dataset_info.",
    ),
    Rule(
        UnicodeDecodeError,
        None,
        "InvalidDatasetCardError",
        "README.md is not encoded in UTF-8: convert it.",
        listing=True,
    ),
    Rule(
        RecursionError,
        None,
        "InvalidDatasetCardError",
        "The YAML block of README.md is nested too deeply: flatten it.",
        listing=True,
    ),
    Rule(
        ValueError,
        "metadata block should be a dict",
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md is not a list of keys with values: write each as 'key: value'.",
    ),
    Rule(
        ValueError,
        "Expected configs to be a list, but got '(?P<found>.*)'",
        "InvalidDatasetCardError",
        "In README.md, configs is not a list but {found}: "
        "make it a list of objects, each with config_name and data_files.",
    ),
    Rule(
        ValueError,
        r"Each config must include `config_name` .* but got (?P<found>.+)\.",
        "InvalidDatasetCardError",
        "In README.md, {found} is not a config: make it an object with a config_name that is text.",
    ),
    Rule(
        AttributeError,
        "object has no attribute 'get'",
        "InvalidDatasetCardError",
        "In README.md, configs has an item that is not a config: make it an object, 'config_name: ' and a name.",
        place="datasets.utils.metadata",
    ),
    Rule(
        TypeError,
        "unhashable type",
        "InvalidDatasetCardError",
        "In README.md, a config_name is not text: put it in quotes.",
        place="datasets.utils.metadata",
    ),
    Rule(
        TypeError,
        "'NoneType' object is not iterable",
        "InvalidDatasetCardError",
        f"In the configs of README.md, data_files is empty: {_DATA_FILES}.",
        place="datasets.data_files",
    ),
    Rule(
        TypeError,
        "expected string or bytes-like object",
        "InvalidDatasetCardError",
        "In README.md, the name of a split is not text: put it in quotes.",
        place="datasets.utils.metadata",
    ),
    Rule(
        ValueError,
        r"Split name should match .*'(?P<split>[\w.]*[^\w.'{},][^']*)'",
        "SplitsNamesError",
        "The name of a split has only letters, digits, _ and dots, and the names of the data files give '{split}': "
        "rename the files, or name the splits in data_files in the configs of README.md.",
    ),
    Rule(
        TypeError,
        "argument of type '.*' is not iterable",
        "InvalidDatasetCardError",
        "In README.md, a config_name is not text: put it in quotes.",
        listing=True,
    ),
    Rule(
        ValueError,
        "Bad characters from black list '(?P<characters>.+)' found in '(?P<config>.+)'",
        "InvalidDatasetCardError",
        "In README.md, the config_name '{config}' has one of the characters {characters}: choose another name.",
    ),
    Rule(
        (ValueError, TypeError),
        r"Expected data_files in YAML .* but got (?P<found>.+?)\s+Examples",
        "InvalidDatasetCardError",
        f"In the configs of README.md, data_files is {{found}}: {_DATA_FILES}.",
    ),
    Rule(
        ValueError,
        r"Some splits are duplicated in data_files: \[(?P<splits>.*)\]",
        "InvalidDatasetCardError",
        "In README.md, a config has a split twice, {splits}: give the split once, with a list of paths.",
    ),
    Rule(
        (ValueError, TypeError),
        "YAML",
        "InvalidDatasetCardError",
        "The YAML block at the top of README.md does not have the expected form: correct its configs.",
    ),
    Rule(
        (ValueError, TypeError),
        "`data_files` should be",
        "InvalidDatasetCardError",
        f"In the configs of README.md, data_files does not have the expected form: {_DATA_FILES}.",
    ),
    Rule(
        TypeError,
        "Expected a dict or a list but got .*: (?P<found>.*)",
        "InvalidDatasetCardError",
        "In README.md, the features of dataset_info are {found}: make them a list of objects with name and dtype.",
        listing=True,
    ),
    Rule(
        LookupError,
        "unknown encoding: (?P<encoding>.+)",
        "InvalidDatasetCardError",
        "README.md declares the encoding '{encoding}', which is not known: correct it, for example to latin-1.",
    ),
    Rule(
        (ValueError, TypeError),
        "(?P<problem>.+)",
        "InvalidDatasetCardError",
        "In README.md, declared features are not right ({problem}): make them a list of objects with name and dtype.",
        listing=True,
        place="datasets.features.features",
    ),
    Rule(
        ValueError,
        "BuilderConfig must have a name",
        "InvalidDatasetCardError",
        "In README.md, a config_name is empty: give each config a name.",
    ),
    Rule(ValueError, "BuilderConfig", "ConfigNamesError", "The dataset has no such config."),
    Rule(ValueError, "Bad split", "SplitsNamesError", "The config has no such split."),
]
