"""Query parameters, checked before anything is asked of anybody."""

import re
from urllib.parse import parse_qsl

from libcommon.names import is_dataset_name
from starlette.requests import Request

from api.errors import ApiError

MAX_NAME_LENGTH = 500
_MAX_FIELDS = 100
_MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,19}")


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
        name = self.required("dataset")
        if not is_dataset_name(name):
            raise _invalid("dataset", "it must be the name of a dataset, as namespace/name or name")
        return name

    def required(self, name: str) -> str:
        """A value that must be there."""
        if not any(self._values.get(name, [])):
            message = f"The parameter '{name}' is missing or empty: give it a value."
            raise ApiError("MissingRequiredParameter", message)
        value = self.optional(name)
        assert value is not None
        return value

    def optional(self, name: str) -> str | None:
        """A value that, if it is there, is one text of a sane length."""
        values = self._values.get(name, [])
        if not values:
            return None
        if len(values) > 1:
            raise _invalid(name, "it must be given once")
        value = values[0]
        if not value:
            raise _invalid(name, "it must not be empty")
        if len(value) > MAX_NAME_LENGTH:
            raise _invalid(name, f"it must have at most {MAX_NAME_LENGTH} characters")
        if "\0" in value:
            raise _invalid(name, "it must not contain a NUL character")
        return value

    def number(self, name: str, *, lowest: int, highest: int = _MAX_NUMBER) -> int | None:
        """A whole number in a range, or None where it isn't there."""
        value = self.optional(name)
        if value is None:
            return None
        number = int(value) if _NUMBER.fullmatch(value) else -1
        if not lowest <= number <= highest:
            limit = f"from {lowest} to {highest}" if highest < _MAX_NUMBER else f"of at least {lowest}"
            raise _invalid(name, f"it must be a whole number {limit}")
        return number


def _invalid(name: str, expected: str) -> ApiError:
    return ApiError("InvalidParameter", f"The parameter '{name}' is not valid: {expected}.")
