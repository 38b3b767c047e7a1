"""Statements are found in a file however it is cut into blocks, and whatever is in their strings."""

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.cli import values as values_module
from daemon.cli.frames import Compression, Damaged, blocks, compressed, compression_of
from daemon.cli.values import TooLong, values

LEAF = st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a"\\{}[],:\n é', max_size=6)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(alphabet='x"{]', max_size=3), VALUE, max_size=3), min_size=1, max_size=5)


def cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


def found(raw: bytes, size: int) -> list[object]:
    return [msgspec.json.decode(value) for _, value in values(cut(raw, size))]


@given(OBJECTS, st.integers(1, 40), st.sampled_from(["lines", "array", "pretty", "concatenated", "in_lines"]))
@settings(deadline=None)
def test_every_value_comes_out_as_it_went_in(told: list[dict[str, object]], size: int, shape: str) -> None:
    encoded = [msgspec.json.encode(one) for one in told]
    raw = {
        "lines": b"\n".join(encoded),
        "array": b"[" + b" ,\n".join(encoded) + b"]",
        "pretty": msgspec.json.format(b"[" + b",".join(encoded) + b"]", indent=1),
        "concatenated": b" ".join(msgspec.json.format(one, indent=2) for one in encoded),
        "in_lines": b"\n".join(b"[" + one + b"]" for one in encoded),
    }[shape]
    assert found(raw, size) == told


@given(st.binary(max_size=200), st.integers(1, 20))
@settings(deadline=None)
def test_nothing_that_a_file_may_be_is_an_error(raw: bytes, size: int) -> None:
    whole = list(values([raw]))
    assert all(value for _, value in whole)
    assert [number for number, _ in whole] == sorted(number for number, _ in whole)
    assert [value for _, value in values(cut(raw, size))] == [value for _, value in whole]


def test_what_is_no_object_is_handed_on_to_be_refused() -> None:
    assert [value for _, value in values([b'[{"a": 1}, 17 "text", nul'])] == [b'{"a": 1}', b"17", b'"text"', b"nul"]
    assert [value for _, value in values([b'{"a": 1}\n{"b": \n{"c": 2}'])] == [b'{"a": 1}', b'{"b":', b'{"c": 2}']


def test_lines_are_counted_as_an_editor_does() -> None:
    assert [number for number, _ in values([b'{"a": 1}\n\n\n[{"b": 2}, {"c": 3}]\n{"d": 4}'])] == [1, 4, 4, 5]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_module, "VALUE_BYTES_MAX", 100)
    for beginning in (b'{"a": 1}\n{"', b'[{"a": "'):
        with pytest.raises(TooLong):
            list(values([beginning, *[b"x" * 50] * 4]))


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), st.sampled_from(["gzip", "zstd"]))
@settings(deadline=None)
def test_frames_follow_one_another_and_their_ends_are_known(told: list[bytes], how: Compression) -> None:
    raw = b"".join(compressed(one, how) for one in told)
    assert compression_of(raw[:4]) == how
    read = list(blocks(io.BytesIO(raw), how))
    assert b"".join(block for block, _ in read) == b"".join(told)
    assert read[-1][1] == len(raw)
    for end in range(len(raw)):
        whole = [place for place in _ends(told, how) if place <= end]
        seen = [0]
        try:
            for _, place in blocks(io.BytesIO(raw[:end]), how):
                seen.append(place)
            assert end in {0, *whole}
        except Damaged:
            assert seen[-1] == max(whole, default=0)


def _ends(told: list[bytes], how: Compression) -> list[int]:
    place, ends = 0, []
    for one in told:
        place += len(compressed(one, how))
        ends.append(place)
    return ends


def test_what_is_damaged_is_said_to_be(tmp_path: Path) -> None:
    raw = compressed(b"x" * 1000, "zstd")
    with pytest.raises(Damaged, match="zstd data"):
        list(blocks(io.BytesIO(raw[:6] + b"\x00\x00\x00" + raw[9:]), "zstd"))
