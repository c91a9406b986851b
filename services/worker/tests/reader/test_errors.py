"""What the libraries raise becomes an error of the catalogue, whatever it is wrapped in."""

import errno
from typing import Any

import httpx2
import pyarrow as pa
import pytest
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from libcommon.errors import CodedError
from reader.errors import translate, translated
from reader.hub import RevisionGone
from reader.scrub import scrub


def http_error(status: int, **headers: str) -> HfHubHTTPError:
    request = httpx2.Request("GET", "http://127.0.0.1:8001/api")
    return HfHubHTTPError(
        f"{status} for http://127.0.0.1:8001/api", response=httpx2.Response(status, headers=headers, request=request)
    )


def hidden(outer: Exception, inner: Exception, *, as_cause: bool) -> Exception:
    try:
        try:
            raise inner
        except Exception as error:
            if as_cause:
                raise outer from error
            raise outer from None
    except Exception as error:
        return error


@pytest.mark.parametrize("as_cause", [True, False])
@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (http_error(503), "HfHubError"),
        (http_error(429, **{"Retry-After": "7"}), "HubRateLimitedError"),
        (http_error(401), "HfHubError"),
        (httpx2.ConnectError("refused"), "HfHubError"),
        (MemoryError(), "JobOutOfMemoryError"),
        (OSError(errno.ENOSPC, "No space left on device", "/var/data"), "DiskError"),
        (pa.ArrowInvalid("Parquet magic bytes not found"), "CorruptDataError"),
        (OSError("Corrupt snappy compressed data."), "CorruptDataError"),
        (OSError("Invalid flatbuffers message."), "CorruptDataError"),
        (RecursionError("maximum recursion depth exceeded"), "CorruptDataError"),
        (StopIteration(), "EmptyDatasetError"),
    ],
)
@pytest.mark.parametrize("outer", [FileNotFoundError, LocalEntryNotFoundError, DatasetGenerationError, ConnectionError])
def test_the_reason_is_found_behind_other_exceptions(
    outer: type[Exception], inner: Exception, code: str, as_cause: bool
) -> None:
    if outer is ConnectionError:
        code = "HubRateLimitedError" if code == "HubRateLimitedError" else "HfHubError"
    error = translate(hidden(outer("not found"), inner, as_cause=as_cause), "StreamingRowsError")
    assert isinstance(error, CodedError)
    assert error.code == code
    assert "127.0.0.1" not in str(error.body())


def test_the_hubs_delay_is_kept() -> None:
    error = translate(http_error(429, **{"Retry-After": "7"}), "StreamingRowsError")
    assert isinstance(error, CodedError)
    assert error.retry_after == 7


def test_a_dataset_that_vanished_during_the_job_is_not_an_error_of_it() -> None:
    assert isinstance(
        translate(DatasetNotFoundError("Dataset 'a/gated' doesn't exist"), "ConfigNamesError"), RevisionGone
    )


def test_a_bug_is_not_blamed_on_the_data() -> None:
    with pytest.raises(CodedError) as raised, translated("StreamingRowsError"):
        raise AttributeError("'NoneType' object has no attribute 'x'")
    assert raised.value.code == "UnexpectedError"
    assert isinstance(raised.value.__cause__, AttributeError)


def test_a_value_error_that_nobody_knows_is_one_of_the_stage() -> None:
    with pytest.raises(CodedError) as raised, translated("SplitsNamesError"):
        raise ValueError("something about /home/me/file")
    assert raised.value.code == "SplitsNamesError"
    assert raised.value.body()["cause_message"] == "something about <path>"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Can't open /var/lib/data/x.csv now", "Can't open <path> now"),
        ("GET http://127.0.0.1:8001/api/x failed", "GET <address> failed"),
        ("host='10.0.0.7', port=8001", "<address>, <address>"),
        ("token hf_abcDEF123 refused", "token <token> refused"),
        ("Basic dXNlcjpwYXNz refused", "<token> refused"),
        ("localhost:8001, hub.internal:8080 and [fe80::1]:80 are down", "<address>, <address> and <address> are down"),
        ("<FilesIterable object at 0x7faae4f05950>", "<FilesIterable object>"),
        (f"hf://datasets/acme/x@{'a' * 40}/data/train.csv: bad", "data/train.csv: bad"),
        ("and/or, 1/2, application/json", "and/or, 1/2, application/json"),
        ("a\n\n b", "a b"),
    ],
)
def test_paths_addresses_and_tokens_are_taken_out(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


def test_a_long_message_is_cut() -> None:
    assert len(scrub("x" * 10_000)) == 500


def test_a_message_that_looks_costly_is_scrubbed_at_once() -> None:
    hostile: Any = ("/a." * 2_000) + "!" * 2_000
    assert len(scrub(hostile)) <= 500
