"""Sealed bytes: they open at their place with their key, and nowhere and with nothing else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.vault.envelope import (
    KEY_BYTES,
    KEY_ID_BYTES,
    VALUE_BYTES_MAX,
    DataKey,
    VaultUnusable,
    key_id_of,
    place,
    unwrap,
    wrap,
)

KEY = DataKey(b"k" * KEY_ID_BYTES, "acme", b"K" * KEY_BYTES)


def opened_by_any(sealed: bytes) -> bytes:
    """By the same key under whatever id stands there: whoever changed it is not stopped by our lists."""
    return DataKey(key_id_of(sealed), "acme", b"K" * KEY_BYTES).open("secret", "name", 1, sealed)


words = st.text(max_size=20)
places = st.tuples(words, words, words, st.integers(0, 2**40))


@given(value=st.binary(max_size=300), kind=words, name=words, version=st.integers(0, 2**40))
def test_a_value_opens_where_it_was_sealed(value: bytes, kind: str, name: str, version: int) -> None:
    sealed = KEY.seal(kind, name, version, value)
    assert KEY.open(kind, name, version, sealed) == value
    assert key_id_of(sealed) == KEY.id
    if len(value) >= 4:
        assert value not in sealed


@given(one=places, other=places)
def test_no_two_places_are_written_alike(one: tuple[str, str, str, int], other: tuple[str, str, str, int]) -> None:
    assert (place(KEY.id, *one) == place(KEY.id, *other)) == (one == other)


@pytest.mark.parametrize(
    "moved",
    [("secret", "other", 1), ("token", "name", 1), ("secret", "name", 2), ("secretn", "ame", 1)],
    ids=["name", "kind", "version", "the border between kind and name"],
)
def test_moved_to_another_place_it_does_not_open(moved: tuple[str, str, int]) -> None:
    sealed = KEY.seal("secret", "name", 1, b"xoxb-not-to-be-seen")
    with pytest.raises(VaultUnusable, match="does not open"):
        KEY.open(*moved, sealed)


def test_another_tenants_key_of_the_same_bytes_does_not_open_it() -> None:
    sealed = KEY.seal("secret", "name", 1, b"xoxb-not-to-be-seen")
    with pytest.raises(VaultUnusable, match="does not open"):
        DataKey(KEY.id, "other", b"K" * KEY_BYTES).open("secret", "name", 1, sealed)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_opens_nothing(at: int, bit: int) -> None:
    sealed = bytearray(KEY.seal("secret", "name", 1, b"xoxb-not-to-be-seen"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(VaultUnusable):
        opened_by_any(bytes(sealed))


@given(end=st.integers(0, 55))
def test_a_value_that_was_cut_opens_nothing(end: int) -> None:
    sealed = KEY.seal("secret", "name", 1, b"xoxb-not-to-be-seen")[:end]
    with pytest.raises(VaultUnusable):
        opened_by_any(sealed)


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    assert len({KEY.seal("secret", "name", 1, b"same") for _ in range(50)}) == 50


def test_a_value_that_is_too_long_is_refused() -> None:
    assert KEY.open("s", "n", 0, KEY.seal("s", "n", 0, b"x" * VALUE_BYTES_MAX)) == b"x" * VALUE_BYTES_MAX
    with pytest.raises(VaultUnusable, match="longer than 65,536 bytes"):
        KEY.seal("s", "n", 0, b"x" * (VALUE_BYTES_MAX + 1))


def test_a_data_key_unwraps_only_with_what_it_was_wrapped_with() -> None:
    key, secret = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
    wrapped = wrap(secret, b"a" * 8, b"b" * 8, "acme", key)
    assert unwrap(secret, b"a" * 8, b"b" * 8, "acme", wrapped) == key
    for said in (
        (os.urandom(KEY_BYTES), b"a" * 8, b"b" * 8, "acme", wrapped),
        (secret, b"c" * 8, b"b" * 8, "acme", wrapped),
        (secret, b"a" * 8, b"c" * 8, "acme", wrapped),
        (secret, b"a" * 8, b"b" * 8, "other", wrapped),
        (secret, b"a" * 8, b"b" * 8, "acme", wrapped[:-1]),
        (secret, b"a" * 8, b"b" * 8, "acme", b""),
    ):
        with pytest.raises(VaultUnusable, match="data key does not open"):
            unwrap(*said)


def test_a_key_says_nothing_of_itself() -> None:
    assert repr(KEY) == "DataKey(6b6b6b6b6b6b6b6b, 'acme')"
