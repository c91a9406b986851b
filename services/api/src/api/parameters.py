"""Query parameters, checked before anything is asked of anybody."""

import re
from urllib.parse import parse_qsl

from libcommon.names import DATASET_NAME_PATTERN, MAX_DATASET_NAME_LENGTH, is_dataset_name
from starlette.requests import Request

from api.endpoint import Parameter
from api.errors import ApiError

MAX_NAME_LENGTH = 500
_MAX_FIELDS = 100
MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,19}")


DATASET = Parameter(
    "dataset",
    "The dataset: `namespace/name`, or `name`.",
    {"type": "string", "pattern": DATASET_NAME_PATTERN, "maxLength": MAX_DATASET_NAME_LENGTH},
    required=True,
    example="samples/bakery-sales",
)
NAME = {"type": "string", "pattern": r"^[^\x00]+$", "maxLength": MAX_NAME_LENGTH}
CONFIG = Parameter("config", "A config of the dataset.", NAME, required=True, example="default")
SPLIT = Parameter("split", "A split of the config.", NAME, required=True, example="train")


class Parameters:
    """The parameters of a request; those that no method asks for are ignored.

    Raises:
        ApiError: from each method, `MissingRequiredParameter` or `InvalidParameter`, with the parameter's name.
    """

    def __init__(self, request: Request) -> None:
        self._values: dict[str, list[str]] = {}
        try:
            # Strictly: a name that was mended on the way in would be another name.
            query = request.scope["query_string"].decode("ascii")
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise ApiError(
                "InvalidParameter",
                f"The query must be percent-encoded UTF-8 with at most {_MAX_FIELDS} parameters.",
            ) from None
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def dataset(self) -> str:
        """The required name of a dataset."""
        name = self.required(DATASET)
        if not is_dataset_name(name):
            raise _invalid(DATASET.name, "it must be the name of a dataset, as namespace/name or name")
        return name

    def required(self, parameter: Parameter) -> str:
        """A text that must be there."""
        if not any(self._values.get(parameter.name, [])):
            message = f"The parameter '{parameter.name}' is missing or empty: give it a value."
            raise ApiError("MissingRequiredParameter", message)
        value = self.optional(parameter)
        assert value is not None
        return value

    def optional(self, parameter: Parameter) -> str | None:
        """A value that, if it is there, is one text of a sane length."""
        values = self._values.get(parameter.name, [])
        if not values:
            return None
        if len(values) > 1:
            raise _invalid(parameter.name, "it must be given once")
        value = values[0]
        if not value:
            raise _invalid(parameter.name, "it must not be empty")
        if len(value) > MAX_NAME_LENGTH:
            raise _invalid(parameter.name, f"it must have at most {MAX_NAME_LENGTH} characters")
        if "\0" in value:
            raise _invalid(parameter.name, "it must not contain a NUL character")
        return value

    def number(self, parameter: Parameter) -> int | None:
        """A whole number within the bounds of the parameter's schema, or None where it isn't there."""
        value = self.optional(parameter)
        if value is None:
            return None
        number = int(value) if _NUMBER.fullmatch(value) else -1
        lowest, highest = parameter.schema["minimum"], parameter.schema["maximum"]
        if not lowest <= number <= highest:
            raise _invalid(parameter.name, f"it must be a whole number from {lowest} to {highest}")
        return number


def _invalid(name: str, expected: str) -> ApiError:
    return ApiError("InvalidParameter", f"The parameter '{name}' is not valid: {expected}.")
