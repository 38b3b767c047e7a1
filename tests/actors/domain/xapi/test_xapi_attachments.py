"""What is declared must be there, what is there must be declared, and hashes say which is which."""

import hashlib
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import Json, simple

from actors.domain.xapi.accepted import Enclosed, NewStatement
from actors.domain.xapi.attachments import matches
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch

ONE, TWO = b"one", b"two"


def sha2(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def attachment(content: bytes, **more: Any) -> Json:
    return {
        "usageType": "a:b",
        "display": {},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2(content),
        **more,
    }


def read(batch: Json | list[Json], *contents: bytes) -> list[NewStatement]:
    tokens = count(1)
    return read_batch(
        json.dumps(batch).encode(),
        tenant="acme",
        source="campus",
        dedupe=True,
        version="1.0.3",
        fresh_id=lambda: f"{next(tokens):032x}",
        contents={sha2(content): content for content in contents},
    )


def complaint(batch: Json | list[Json], *contents: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        read(batch, *contents)
    return str(caught.value)


@given(st.binary(max_size=50), st.sampled_from(["sha224", "sha256", "sha384", "sha512"]), st.booleans())
def test_the_number_of_digits_names_the_algorithm(content: bytes, algorithm: str, upper: bool) -> None:
    digits = hashlib.new(algorithm, content).hexdigest()
    assert matches(content, digits.upper() if upper else digits)
    assert not matches(content + b"x", digits)


@pytest.mark.parametrize("digits", ["", "ab", hashlib.sha1(ONE).hexdigest(), sha2(ONE)[:-1]])
def test_other_hashes_match_nothing(digits: str) -> None:
    assert not matches(ONE, digits)


def test_each_statement_has_what_it_declares_once_however_it_is_spelt() -> None:
    upper = attachment(ONE, sha2=sha2(ONE).upper(), contentType="text/html")
    inner = {"objectType": "SubStatement", **simple(attachments=[attachment(TWO)])}
    first, second, third = read(
        [
            simple(attachments=[attachment(ONE), attachment(ONE, usageType="c:d")]),
            simple(attachments=[upper], object=inner),
            simple(),
        ],
        ONE,
        TWO,
    )
    assert first.enclosed == (Enclosed(sha2=sha2(ONE), content_type="text/plain", content=ONE),)
    assert second.enclosed == (
        Enclosed(sha2=sha2(ONE).upper(), content_type="text/html", content=ONE),
        Enclosed(sha2=sha2(TWO), content_type="text/plain", content=TWO),
    )
    assert third.enclosed == ()


def test_a_content_that_also_has_an_address_is_kept() -> None:
    [accepted] = read(simple(attachments=[attachment(ONE, fileUrl="https://x.org/1")]), ONE)
    assert [one.content for one in accepted.enclosed] == [ONE]


def test_nothing_may_be_missing() -> None:
    batch = [simple(), simple(attachments=[attachment(ONE), attachment(TWO)])]
    assert complaint(batch, ONE).startswith("statement 1: attachments[1].fileUrl: is required")
    many = simple(attachments=[attachment(bytes([number])) for number in range(50)])
    assert complaint(many).count("fileUrl") == 10


def test_nothing_may_be_left_over() -> None:
    assert f"X-Experience-API-Hash {sha2(TWO)}" in complaint(simple(attachments=[attachment(ONE)]), ONE, TWO)
    assert "no attachment that is declared" in complaint([], ONE)


def test_the_length_is_not_compared() -> None:
    """Senders get it wrong, and the hash says more."""
    assert read(simple(attachments=[attachment(ONE, length=7)]), ONE)
