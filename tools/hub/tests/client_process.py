"""Uses the `datasets` library, whose settings are read once at import, on behalf of the tests.

A line of JSON in: the name of a function below and its arguments. A line of JSON out: what it gave, or what it raised.
"""

import io
import json
import os
import sys
from typing import Any

import datasets
import pyarrow
import pyarrow.parquet
from huggingface_hub import HfApi

ME = "hf_me"
Rows = list[dict[str, Any]]


def config_names(repo: str, token: str | None) -> object:
    return datasets.get_dataset_config_names(repo, token=token or False)


def split_names(repo: str, config: str, token: str | None) -> object:
    return datasets.get_dataset_split_names(repo, config, token=token or False)


def stream(repo: str, token: str | None) -> object:
    return list(datasets.load_dataset(repo, split="train", streaming=True, token=token or False))


def download(repo: str, token: str | None) -> object:
    return datasets.load_dataset(repo, split="train", token=token or False).to_list()


def push(repo: str, rows: Rows, private: bool) -> object:
    return datasets.Dataset.from_list(rows).push_to_hub(repo, token=ME, private=private).oid


def push_configs(repo: str, rows: Rows) -> object:
    parts = datasets.DatasetDict(train=datasets.Dataset.from_list(rows), test=datasets.Dataset.from_list(rows[:1]))
    return [parts.push_to_hub(repo, config_name=config, token=ME).oid for config in ("first", "second")]


def upload_parquet(repo: str, rows: Rows, paths: list[str]) -> None:
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), content)
    api = HfApi(token=ME)
    api.create_repo(repo, repo_type="dataset")
    for path in paths:
        api.upload_file(path_or_fileobj=content.getvalue(), path_in_repo=path, repo_id=repo, repo_type="dataset")


def upload_folder(repo: str, folder: str) -> None:
    api = HfApi(token=ME)
    api.create_repo(repo, repo_type="dataset")
    api.upload_folder(folder_path=folder, repo_id=repo, repo_type="dataset")


def upload_text(repo: str, path: str, text: str) -> None:
    HfApi(token=ME).upload_file(path_or_fileobj=text.encode(), path_in_repo=path, repo_id=repo, repo_type="dataset")


FUNCTIONS = {
    function.__name__: function
    for function in (
        config_names,
        split_names,
        stream,
        download,
        push,
        push_configs,
        upload_parquet,
        upload_folder,
        upload_text,
    )
}


def main() -> None:
    # What the library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer: dict[str, object]
        try:
            answer = {"result": FUNCTIONS[name](*arguments)}
        except Exception as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
