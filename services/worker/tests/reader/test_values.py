from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from reader.features.value import duration, scalar


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
        (datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05+00:00"),  # noqa: DTZ001 - what Arrow gives
        (datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=5.5))), "2024-01-02T00:00:00+05:30"),
        (date(2024, 1, 2), "2024-01-02"),
        (time(1, 2, 3, 4), "01:02:03.000004"),
        (b"\xff\x00", "/wA="),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), None),
        (2**63, 2**63),
        (np.int32(7), 7),
        (True, True),
        ("a\ud800b", "a\ufffdb"),
    ],
)
def test_a_scalar_is_written_as_the_contract_says(value: Any, expected: Any) -> None:
    assert scalar(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(days=3), "P3D"),
        (timedelta(days=1, seconds=90, microseconds=250_000), "P1DT90.25S"),
        (timedelta(microseconds=-1), "-PT0.000001S"),
    ],
)
def test_a_duration_is_iso_8601(value: timedelta, expected: str) -> None:
    assert duration(value) == expected
