"""The catalogue of errors: every code a client can meet, its HTTP status, and whose fault it is."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """Who can mend an error that a worker stored; it decides the status and whether the job is retried."""

    DATA = "data"
    HUB = "hub"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One entry of the catalogue. `fault` is None for errors of a request, which are never stored."""

    name: str
    status: int
    fault: Fault | None
    description: str


def _entries() -> list[ErrorCode]:
    def request(name: str, status: int, description: str) -> ErrorCode:
        return ErrorCode(name, status, None, description)

    def data(name: str, description: str, status: int = 422) -> ErrorCode:
        return ErrorCode(name, status, Fault.DATA, description)

    def hub(name: str, description: str) -> ErrorCode:
        return ErrorCode(name, 502, Fault.HUB, description)

    def server(name: str, description: str) -> ErrorCode:
        return ErrorCode(name, 500, Fault.SERVER, description)

    return [
        request("BadRequest", 400, "The request is not valid HTTP, or its address or its headers are too long."),
        request("MissingRequiredParameter", 422, "A required query parameter is missing or empty."),
        request("InvalidParameter", 422, "A query parameter has a value that is not allowed."),
        request("NotFound", 404, "No such path."),
        request("ResponseNotFound", 404, "The dataset has no such config or split."),
        request("RowsNotPrecomputed", 404, "The rows asked for lie outside the precomputed page."),
        request("MethodNotAllowed", 405, "The path does not answer this HTTP method."),
        request("ExternalUnauthenticatedError", 401, "The Hub wants credentials, and the request had none it accepts."),
        request("ExternalAuthenticatedError", 404, "The dataset does not exist, or the caller may not see it."),
        request("DatasetBlockedError", 403, "The operator of this server keeps the dataset from being served."),
        request("RenamedDatasetError", 404, "The dataset has another name now."),
        request("AssetForbidden", 403, "The asset may not be seen with these credentials."),
        request("AuthCheckHubRequestError", 503, "The Hub could not be asked who may read the dataset."),
        request("ResponseNotReady", 503, "A job for the answer is waiting or running."),
        request("TooManyRequests", 429, "Too many requests in a short time."),
        request(
            "ServiceUnavailable",
            503,
            "The service can't be reached through its proxy, or has no access to its media files.",
        ),
        request("WebhookSecretError", 401, "The webhook's secret is missing or wrong."),
        request("InvalidPayload", 400, "The webhook's body has none of the known forms."),
        request("PayloadTooLarge", 413, "The webhook's body is too large."),
        data("DatasetNotFoundError", "The dataset is not on the Hub, or this server's token may not read it.", 404),
        data("EmptyDatasetError", "The dataset has no data files."),
        data("DataFilesNotFoundError", "The declared or supported data files were not found."),
        data("DatasetWithScriptNotSupportedError", "The dataset needs a loading script, which is no longer run."),
        data("InvalidDatasetCardError", "The YAML block of README.md is not valid."),
        data("ConfigNamesError", "The dataset's configs could not be listed."),
        data("SplitsNamesError", "The splits of a config could not be listed."),
        data("DatasetWithTooManyConfigsError", "The dataset has more configs than are supported."),
        data("DatasetWithTooManySplitsError", "A config has more splits than are supported."),
        data("FileFormatMismatchBetweenSplitsError", "The splits of a config have different file formats."),
        data("DatasetGenerationCastError", "The data files of a split do not have the same columns."),
        data("CorruptDataError", "A data file is damaged or is not in the format its name says."),
        data("FeaturesError", "The columns and types of the split could not be determined."),
        data("TooLongColumnNameError", "A column has a name that is too long."),
        data("StreamingRowsError", "The first rows of the split could not be read."),
        data("RowsPostProcessingError", "The rows were read but could not be turned into an answer."),
        hub("HfHubError", "The Hub did not answer as expected."),
        hub("HubRateLimitedError", "The Hub asked the server to slow down."),
        server("JobManagerExceededMaximumDurationError", "The job took longer than a job may take."),
        server("JobOutOfMemoryError", "The job needed more memory than a job may use."),
        server("JobManagerCrashedError", "The process of the job died."),
        server("DiskError", "The server could not write to its disk, or to where its media files are."),
        server("UnexpectedError", "A bug of the server."),
    ]


CATALOGUE = MappingProxyType({entry.name: entry for entry in _entries()})


class CodedError(Exception):
    """An error of the catalogue with its message for the client: what is wrong, and what to do.

    `cause_exception` and `cause_message` name the library's exception behind it, free of paths, addresses and
    secrets; `retry_after` is in seconds, where the Hub said it.

    Raises:
        KeyError: `code` is not in the catalogue.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        cause_exception: str | None = None,
        cause_message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.entry = CATALOGUE[code]
        self.message = message
        self.cause_exception = cause_exception
        self.cause_message = cause_message
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """Its name in the catalogue."""
        return self.entry.name

    def body(self) -> dict[str, str]:
        """The JSON object that a client gets."""
        body = {"error": self.message}
        if self.cause_exception is not None:
            body["cause_exception"] = self.cause_exception
        if self.cause_message is not None:
            body["cause_message"] = self.cause_message
        return body
