import pytest
from api.negotiation import content_coding, wants_problem

STORED = ("gzip", "zstd")


@pytest.mark.parametrize(
    "header",
    ["gzip", "GZIP", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "x-gzip", "gzip;q=0.001"]
    + ["identity;q=0.5, gzip;q=0.5", "identity;q=0, *", " gzip ; q=1 ", "gzip, deflate, br, zstd"],
)
def test_gzip_is_sent_to_who_accepts_it(header: str) -> None:
    assert content_coding(header, STORED) == "gzip"


@pytest.mark.parametrize("header", ["zstd", "zstd, gzip;q=0.5", "gzip;q=0, *", "br, zstd;q=0.1", "ZSTD;Q=1"])
def test_zstd_is_sent_to_who_likes_it_best_of_the_codings_that_there_are(header: str) -> None:
    assert content_coding(header, STORED) == "zstd"


@pytest.mark.parametrize(
    "header",
    ["", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, zstd;q=0, *", "identity, gzip;q=0.5"]
    + ["gzip;q=2", "gzip;q=x", "gzip;q=", "gzip;level=1", "gzipped", ";;,,;q=1"],
)
def test_nothing_is_compressed_for_who_does_not_accept_it(header: str) -> None:
    assert content_coding(header, STORED) == "identity"


@pytest.mark.parametrize(("header", "offered"), [("gzip, zstd", ("zstd", "gzip")), ("*", ("zstd", "gzip"))])
def test_of_codings_that_are_liked_the_same_the_first_that_is_offered_is_sent(
    header: str, offered: tuple[str, ...]
) -> None:
    assert content_coding(header, offered) == "zstd"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("application/problem+json", True),
        ("application/problem+json, application/json", True),
        ("application/json;q=0.9, application/problem+json", True),
        ("application/json, application/problem+json;q=0.5", False),
        ("application/problem+json;q=0", False),
        ("application/json", False),
        ("*/*", False),
        ("application/*", False),
        ("", False),
    ],
)
def test_problem_details_are_sent_to_who_asks_for_them_by_name(header: str, wanted: bool) -> None:
    assert wants_problem(header) is wanted
