import pytest
from libcommon.errors import CATALOGUE, CodedError, Fault


def test_the_fault_of_a_stored_error_decides_its_status() -> None:
    statuses = {Fault.DATA: {422, 404}, Fault.HUB: {502}, Fault.SERVER: {500}}
    for entry in CATALOGUE.values():
        if entry.fault is not None:
            assert entry.status in statuses[entry.fault], entry.name


def test_an_error_outside_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        CodedError("NoSuchCode", "message")


def test_the_body_of_an_error_names_its_cause_where_there_is_one() -> None:
    assert CodedError("EmptyDatasetError", "empty").body() == {"error": "empty"}
    caused = CodedError("EmptyDatasetError", "empty", cause_exception="E", cause_message="m")
    assert caused.body() == {"error": "empty", "cause_exception": "E", "cause_message": "m"}
