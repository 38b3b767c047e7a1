"""Many statements in one request: what fits, and what an answer to all of them means for each."""

import json

import msgspec
import pytest

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.targets.lrs.batch import INNER_BYTES_MAX, LIST_CHARS_MAX, LrsBundler

URL = "http://lrs.test/xapi/statements"
BUNDLER = LrsBundler(URL, 50)


def put(number: int, **more: object) -> Request:
    plain = Request(
        method="PUT",
        url=f"{URL}?statementId={number}",
        operation="statements.put",
        headers={
            "authorization": "Basic x",
            "content-type": "application/json",
            "x-experience-api-version": "1.0.3",
            "x-delivery-id": f"d{number}",
            "x-correlation-id": f"c{number}",
        },
        body=b'{"id":"%d"}' % number,
    )
    return msgspec.structs.replace(plain, **more)


def test_what_fits() -> None:
    assert BUNDLER.fits(put(1))
    assert not BUNDLER.fits(put(1, operation="statements.void")), "a refused voiding concerns itself alone"
    assert not BUNDLER.fits(put(1, body=b"x" * (INNER_BYTES_MAX + 1)))
    assert not BUNDLER.fits(put(1, headers={**put(1).headers, "content-type": "multipart/mixed; boundary=x"}))


def test_a_bundle_is_one_array_that_says_whose_it_is() -> None:
    packed = BUNDLER.pack([put(1), put(2)])
    assert (packed.method, packed.url) == ("POST", URL)
    assert json.loads(packed.body) == [{"id": "1"}, {"id": "2"}]
    assert packed.headers["x-delivery-id"] == "d1,d2"
    assert packed.headers["x-correlation-id"] == "c1,c2"
    assert packed.headers["x-experience-api-version"] == "1.0.3"


def test_a_header_that_would_be_too_long_is_left_out() -> None:
    long = {**put(1).headers, "x-correlation-id": "c" * LIST_CHARS_MAX}
    packed = BUNDLER.pack([put(1, headers=long), put(2)])
    assert "x-correlation-id" not in packed.headers
    assert packed.headers["x-delivery-id"] == "d1,d2"


def test_what_is_no_bundle() -> None:
    with pytest.raises(ValueError, match="2 to 50"):
        BUNDLER.pack([put(1)])
    with pytest.raises(ValueError, match="one authorization"):
        BUNDLER.pack([put(1), put(2, headers={**put(2).headers, "authorization": "Basic y"})])


@pytest.mark.parametrize(
    ("outcome", "each"),
    [
        (Response(status=200, body=b'["1","2"]'), Response(status=204)),
        (Response(status=204), Response(status=204)),
        (Response(status=200, body=b'["1"]'), Lost("HTTP 200 without the ids of the statements")),
        (Response(status=200, body=b"<html>"), Lost("HTTP 200 without the ids of the statements")),
        (Response(status=401), Response(status=401)),
        (Response(status=429), Response(status=429)),
        (Response(status=500), Response(status=500)),
    ],
)
def test_what_became_of_all_became_of_each(outcome: Outcome, each: Outcome) -> None:
    assert BUNDLER.unpack([put(1), put(2)], outcome) == [each, each]


@pytest.mark.parametrize("status", [400, 405, 409, 413, 501])
def test_what_was_refused_as_a_whole_goes_one_by_one(status: int) -> None:
    assert BUNDLER.unpack([put(1), put(2)], Response(status=status)) is None
    assert BUNDLER.singly_s == 0.0, "and what comes after goes together"
