"""A dataset on the Hub as the driver wants it, and its folder."""

import io
import json
import os
import shutil
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import yaml
from PIL import Image

_ROWS = 3
_DEFAULT = "default"


class Form(Enum):
    """What the files of a dataset are."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    IMAGES = "png"
    BROKEN = "parquet"


@dataclass
class Dataset:
    """What is in a dataset: `splits` has the version of what each (config, split) holds."""

    name: str
    form: Form
    splits: dict[tuple[str, str], int]
    exists: bool = False
    card: int = 0
    """The version of what its card says; 0 for no card."""
    _written: dict[str, bytes] = field(default_factory=dict)

    @property
    def configs(self) -> list[str]:
        """The names of its configs."""
        return sorted({config for config, _ in self.splits})

    def write(self, directory: Path) -> None:
        """Make the folder in `directory` what the dataset is."""
        root = directory / self.name
        wanted = self._files() if self.exists else {}
        if self.exists:
            for path, content in wanted.items():
                if self._written.get(path) != content:
                    _replace(root / path, content)
            for path in self._written.keys() - wanted.keys():
                (root / path).unlink()
        elif root.exists():
            # In one step: half a dataset would be one more that the Hub has to announce.
            grave = directory / ".gone"
            os.rename(root, grave)  # noqa: PTH104
            shutil.rmtree(grave)
        self._written = wanted

    def _files(self) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for (config, split), version in self.splits.items():
            folder = "" if self.configs == [_DEFAULT] else f"{config}/"
            if self.form is Form.IMAGES:
                files |= {f"{folder}{split}/{number}.png": _image(version, number) for number in range(_ROWS)}
            else:
                files[f"{folder}{split}.{self.form.value}"] = self._table(version)
        if self.card or self.configs != [_DEFAULT]:
            files["README.md"] = self._readme()
        return files

    def _table(self, version: int) -> bytes:
        rows = [{"number": number, "version": version} for number in range(_ROWS)]
        match self.form:
            case Form.CSV:
                lines = ["number,version", *(f"{row['number']},{row['version']}" for row in rows)]
            case Form.JSON_LINES:
                lines = [json.dumps(row) for row in rows]
            case _:
                lines = [f"no Parquet, version {version}"]
        return "\n".join([*lines, ""]).encode()

    def _readme(self) -> bytes:
        head = ""
        if self.configs != [_DEFAULT]:
            configs = [
                {
                    "config_name": config,
                    "data_files": [
                        {"split": split, "path": f"{config}/{split}.{self.form.value}"}
                        for of_config, split in sorted(self.splits)
                        if of_config == config
                    ],
                }
                for config in self.configs
            ]
            head = f"---\n{yaml.safe_dump({'configs': configs})}---\n"
        return f"{head}# {self.name}\nEdition {self.card}.\n".encode()


def _image(version: int, number: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), (version % 256, version // 256 % 256, number)).save(content, "PNG")
    return content.getvalue()


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(".part")
    temporary.write_bytes(content)
    temporary.rename(path)
