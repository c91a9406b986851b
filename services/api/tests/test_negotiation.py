import pytest
from api.negotiation import accepts_gzip


@pytest.mark.parametrize(
    "header",
    ["gzip", "GZIP", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "x-gzip", "gzip;q=0.001"]
    + ["identity;q=0.5, gzip;q=0.5", "identity;q=0, *", " gzip ; q=1 "],
)
def test_gzip_is_sent_to_who_accepts_it(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    ["", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "identity, gzip;q=0.5"]
    + ["gzip;q=2", "gzip;q=x", "gzip;q=", "gzip;level=1", "gzipped", ";;,,;q=1"],
)
def test_it_is_not_sent_to_who_does_not(header: str) -> None:
    assert not accepts_gzip(header)
