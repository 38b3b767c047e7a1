"""Signed statements: what is signed is what is sent, by an algorithm of the standard, with the certificate's key."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signed_statements import certificate, jws_of, signature, signed
from xapi_samples import Json, learner, simple, statements, values

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.signature import read_signature

ID = "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"
STAMP = "2026-11-23T15:29:17.000Z"
STATEMENT = simple(id=ID, timestamp=STAMP)


def read(batch: Json | list[Json], *contents: bytes, version: Version = "1.0.3") -> list[NewStatement]:
    return read_batch(
        json.dumps(batch).encode(),
        tenant="acme",
        source="campus",
        dedupe=True,
        version=version,
        fresh_id=lambda: "ab" * 16,
        contents={hashlib.sha256(content).hexdigest(): content for content in contents},
    )


def complaint(batch: Json | list[Json], *contents: bytes, version: Version = "1.0.3") -> str:
    with pytest.raises(Refusal) as caught:
        read(batch, *contents, version=version)
    return str(caught.value)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_signed_statement_is_accepted_with_its_signature(algorithm: str, version: Version) -> None:
    for header in ({}, {"x5c": [certificate()]}, {"x5c": [certificate(), certificate(1)], "kid": "7", "ours": 1}):
        sent, compact = signed(STATEMENT, jws_of(STATEMENT, alg=algorithm, **header))
        [accepted] = read(sent, compact, version=version)
        assert [one.content for one in accepted.enclosed] == [compact]


@given(statements().filter(lambda statement: "attachments" not in statement.get("object", {})))
def test_any_statement_can_be_signed(statement: Json) -> None:
    bare = {name: value for name, value in statement.items() if name != "attachments"}
    sent, compact = signed(bare)
    assert len(read(sent, compact)) == 1


def test_it_is_compared_as_the_standard_compares() -> None:
    """What the LRS or the sender may add, and what comparison ignores, may differ."""
    other = {**STATEMENT, "timestamp": "2026-11-23T16:29:17+01:00", "id": ID.upper()}
    other["verb"] = {**STATEMENT["verb"], "display": {"en": "did"}}
    for payload in (other, simple(id=ID), simple(), {**STATEMENT, "stored": STAMP, "version": "1.0.0"}):
        sent, compact = signed(STATEMENT, jws_of(payload))
        assert len(read(sent, compact)) == 1


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({**STATEMENT, "actor": learner("other")}, "differs from this one"),
        ({**STATEMENT, "timestamp": "2026-11-23T15:29:18.000Z"}, "differs from this one"),
        ({**STATEMENT, "result": {"success": True}}, "differs from this one"),
        ({**STATEMENT, "id": ID.replace("0d", "0e")}, "has another id"),
        ({"actor": learner()}, "no statement: verb: is required"),
        (b"{'actor'}", "payload must be JSON"),
        (b"[]", "its payload is no statement"),
        (b'{"a":1,"a":1}', "given more than once"),
    ],
)
def test_a_signature_of_something_else_is_refused(payload: Json | bytes, says: str) -> None:
    sent, compact = signed(STATEMENT, jws_of(payload))
    assert says in complaint(sent, compact)
    assert complaint([simple(), sent], compact).startswith("statement 1: attachments[0]")


def test_a_statement_without_the_id_or_timestamp_that_was_signed_is_another() -> None:
    compact = jws_of(STATEMENT)
    assert "another id" in complaint(simple(timestamp=STAMP, attachments=[signature(compact)]), compact)
    assert "differs" in complaint(simple(id=ID, attachments=[signature(compact)]), compact)


def test_the_signature_must_be_there_and_declared_as_what_it_is() -> None:
    sent, compact = signed(STATEMENT)
    text = signed(STATEMENT, compact, contentType="text/plain")[0]
    away = signed(STATEMENT, compact, fileUrl="https://x.org/signature")[0]
    assert "contentType: must be application/octet-stream" in complaint(text, compact)
    assert "must be enclosed" in complaint(away)
    assert "fileUrl" in complaint(sent)


def test_one_signature_serves_equal_statements_and_not_one_that_differs() -> None:
    sent, compact = signed(simple())
    assert len(read([sent, sent], compact)) == 2
    assert complaint([sent, {**sent, "actor": learner("other")}], compact).startswith("statement 1")


def test_a_statement_within_a_statement_is_not_what_is_signed() -> None:
    """Its attachments are its own affair."""
    inner = {"objectType": "SubStatement", **simple(attachments=[signature(b"x")])}
    assert len(read(simple(object=inner), b"x")) == 1


def parts(**header: Any) -> bytes:
    return b".".join(encoded(json.dumps(part).encode()) for part in (header, STATEMENT)) + b".c2ln"


def encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@pytest.mark.parametrize(
    ("compact", "says"),
    [
        (b"", "compact serialization"),
        (b"a.b", "compact serialization"),
        (b"a.b.c.d", "compact serialization"),
        (jws_of(STATEMENT) + b"\n", "compact serialization"),
        (jws_of(STATEMENT).replace(b".", b"=.", 1), "compact serialization"),
        (b"a.b.c", "header is not in base64url"),
        (encoded(b"\xff") + b".b.c", "header must be JSON"),
        (encoded(b"[]") + b".b.c", "header must be a JSON object"),
        (parts(), "algorithm must be one of"),
        (parts(alg="none"), "algorithm must be one of"),
        (parts(alg="HS256"), "algorithm must be one of"),
        (parts(alg="ES256"), "algorithm must be one of"),
        (parts(alg=["RS256"]), "algorithm must be one of"),
        (parts(alg="RS256", crit=[{}]), "extensions"),
        (parts(alg="RS256", b64=False), "extensions"),
        (parts(alg="RS256", kid=7), "kid"),
        (parts(alg="RS256", x5c=certificate()), "x5c"),
        (parts(alg="RS256", x5c=[]), "has no certificate"),
        (parts(alg="RS256", x5c=["!"]), "no certificate in DER"),
        (parts(alg="RS256", x5c=["c2ln"]), "no certificate in DER"),
        (parts(alg="RS256", x5c=[certificate()]), "not made with the key"),
        (jws_of(STATEMENT, 0, x5c=[certificate(1)]), "not made with the key"),
        (jws_of(STATEMENT, x5c=["A" * 80_000]), "exceeds"),
    ],
)
def test_what_is_no_valid_signature_is_named(compact: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){says}"):
        read_signature(compact, "1.0.3")


def test_one_changed_letter_breaks_a_signature_with_a_certificate() -> None:
    head, payload, mark = jws_of(STATEMENT, x5c=[certificate()]).split(b".")
    for name in ("timestamp", "id"):
        other = encoded(json.dumps({**STATEMENT, name: None}).encode())
        with pytest.raises(ValueError, match="not made with the key"):
            read_signature(b".".join((head, other, mark)), "1.0.3")
    with pytest.raises(ValueError, match="not made with the key"):
        read_signature(b".".join((head, payload, (b"B" if mark[:1] == b"A" else b"A") + mark[1:])), "1.0.3")


@given(st.binary(max_size=60) | st.dictionaries(st.sampled_from(["alg", "x5c", "crit", "x5u", "jwk", "typ"]), values))
def test_arbitrary_signatures_are_refused_and_never_anything_worse(given_: bytes | Json) -> None:
    compact = parts(**{"alg": "RS256", **given_}) if isinstance(given_, dict) else given_
    try:
        read_signature(compact, "1.0.3")
    except ValueError:
        return
    assert isinstance(given_, dict)
    assert given_.get("alg", "RS256") == "RS256"
