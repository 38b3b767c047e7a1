"""What was accepted is compared with its digest, and what a change is made of must be readable."""

import hashlib
import sqlite3
from collections.abc import Iterator

import pytest

from daemon.store import soundness
from daemon.store.migrate import migrate
from daemon.store.soundness import unsound

BODY = b"what was accepted"


@pytest.fixture
def raw() -> Iterator[sqlite3.Connection]:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    migrate(raw, 0)
    raw.execute(
        "INSERT INTO documents (tenant, kind, activity, agent, registration, id, updated_us, etag, content_type, "
        "agent_json, body) VALUES ('acme', 'state', 'urn:a', 'who', '', 's', 0, ?, 'text/plain', '{}', ?)",
        (hashlib.sha1(BODY, usedforsecurity=False).hexdigest(), BODY),
    )
    for no, made in enumerate((hashlib.sha224, hashlib.sha256, hashlib.sha384, hashlib.sha512)):
        raw.execute(
            "INSERT INTO contents (no, tenant, sha2, bytes) VALUES (?, 'acme', ?, ?)", (no, made(BODY).digest(), 17)
        )
        raw.execute(
            "INSERT INTO pieces (content, piece, bytes) VALUES (?, 0, ?), (?, 1, ?)", (no, BODY[:9], no, BODY[9:])
        )
    raw.execute("INSERT INTO outcomes (seq, kind, reason, occurrence, deliveries) VALUES (7, NULL, 'group: one', 0, 0)")
    yield raw
    raw.close()


def test_what_is_as_it_was_accepted_is_sound(raw: sqlite3.Connection) -> None:
    assert unsound(raw) == ""


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE documents SET body = x'00'", "document 1: its content is not what was accepted"),
        ("UPDATE pieces SET bytes = x'00' WHERE content = 2 AND piece = 1", "attachment 2: its content is not"),
        ("DELETE FROM pieces WHERE content = 0 AND piece = 0", "attachment 0: its content is not"),
        ("UPDATE outcomes SET change = x'00'", "statement 7: what it told cannot be read"),
    ],
)
def test_what_is_not_is_told(raw: sqlite3.Connection, harm: str, said: str) -> None:
    raw.execute(harm)
    assert said in unsound(raw)


def test_of_the_newest_so_much_is_compared(raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.execute("DELETE FROM pieces WHERE content = 0")
    monkeypatch.setattr(soundness, "NEWEST_BYTES", 3 * len(BODY))
    assert unsound(raw) == ""
    monkeypatch.setattr(soundness, "NEWEST_BYTES", 4 * len(BODY))
    assert "attachment 0" in unsound(raw)


def test_an_older_store_has_less_and_is_sound() -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    migrate(raw, 0)
    for table in ("attachments", "pieces", "contents", "documents"):
        raw.execute(f"DROP TABLE {table}")
    assert unsound(raw) == ""
    raw.close()
