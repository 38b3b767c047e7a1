"""The guard lets through exactly the JSON that has one meaning, and says what is wrong with the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import moodle_lines, values

from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.guard import DEPTH_MAX, parse, slices


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "malformed"),
        (b'{"a":1,}', "malformed"),
        (b'{"a":1} x', "malformed"),
        (b'{"a":01}', "malformed"),
        (b"{'a':1}", "byte 1"),
        ('{"ü": tru}'.encode(), "byte 7"),
        (b"\xef\xbb\xbf{}", "malformed"),
        (b'{"a":"\xff"}', "not UTF-8 (byte 6)"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":1e400}', "out of range"),
        (b'{"a":[1,-1e999]}', "out of range"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":{"\\udc00x":1}}', "surrogate"),
        (b'{"a\\u0000":1}', "NUL"),
        (b'{"a":"\n"}', "malformed"),
        (b"[" * 100_000, "deep"),
        (b"[" * 500 + b"]" * 500, "deep"),
        (b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1), "deep"),
        (b"1" * 5000, "malformed"),
    ],
)
def test_what_is_not_json_or_not_safe_is_refused_with_its_reason(body: bytes, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(body)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'[{"x":{"a":1 , "b":2,\n "a"\t:3}}]',
        # Things that look like keys inside strings must not make up for the one that is lost:
        b'{"a":":","a":2}',
        b'{"a":"\\":","a" :"\\u0022:"}',
        b'{"a":1,"a":"\\u0022\\u003a"}',
        b'{"b" :1,"a":": ","a":1}',
        b'{"a":{"b":1},"a":{"b":1,"c":2}}',
    ],
)
def test_a_key_given_twice_is_found_however_it_is_written(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse(body)
    assert caught.value.path == "a"
    assert "more than once" in caught.value.reason


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"\\":","b":"\\u0022:"}',
        b'{"a" \n:":","b":": \\" :"}',
        b'{"a":"\\u0000"}',
        b'{"\\ud83d\\ude00":"\\ud83d\\ude00"}',
        b'{"a":{"a":{"a":1}}}',
        b"123",
        b'"x"',
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        b"[123456789012345678901234567890]",
    ],
)
def test_odd_but_unambiguous_json_passes(body: bytes) -> None:
    assert parse(body) == json.loads(body)


def test_equal_numbers_become_equal_values() -> None:
    assert (
        repr(parse(b"[1.0, 1e2, -0.0, 0.5, 1e300, 9007199254740992.0]")) == "[1, 100, 0, 0.5, 1e+300, 9007199254740992]"
    )


def test_slices_are_the_senders_own_bytes() -> None:
    assert slices(b' [ {"a" : 1.0} ,\n{"b":"\\/"}] ') == [b'{"a" : 1.0}', b'{"b":"\\/"}']


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]), st.sampled_from([(",", ":"), (" ,", " : ")]))
def test_any_json_means_what_it_means_however_it_is_written(
    value: object, ascii_only: bool, indent: object, separators: tuple[str, str]
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators).replace("/", "\\/")
    assert parse(body.encode()) == value


def value_or_refusal(body: bytes) -> None:
    """Python's own parser is the judge of what is malformed; it lets more through, never less."""
    try:
        expected = json.loads(body)
    except (ValueError, RecursionError):
        with pytest.raises(Refusal):
            parse(body)
        return
    try:
        value = parse(body)
    except Refusal:
        return
    assert value == expected


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_arbitrary_bytes_are_a_value_or_a_refusal(body: bytes) -> None:
    value_or_refusal(body)


@given(st.sampled_from(moodle_lines()), st.integers(0, 5000), st.binary(min_size=1, max_size=3))
def test_a_damaged_statement_is_a_value_or_a_refusal(line: str, place: int, damage: bytes) -> None:
    body = line.encode()
    place %= len(body)
    value_or_refusal(body[:place] + damage + body[place + len(damage) :])


@given(values, st.data())
def test_no_key_may_be_repeated_anywhere(value: object, data: st.DataObject) -> None:
    """Write the JSON by hand, with one pair of one object written twice."""
    objects: list[dict[str, object]] = []

    def collect(node: object) -> None:
        if isinstance(node, dict):
            if node:
                objects.append(node)
            for inner in node.values():
                collect(inner)
        elif isinstance(node, list):
            for inner in node:
                collect(inner)

    collect(value)
    chosen = data.draw(st.sampled_from(objects)) if objects else None
    spaces = data.draw(st.sampled_from(["", " ", "\n"]))

    def write(node: object) -> str:
        if isinstance(node, dict):
            pairs = [f"{json.dumps(key)}{spaces}:{write(inner)}" for key, inner in node.items()]
            if node is chosen:
                pairs.append(pairs[0])
            return "{" + ",".join(pairs) + "}"
        if isinstance(node, list):
            return "[" + ",".join(map(write, node)) + "]"
        return json.dumps(node)

    body = write(value).encode()
    if chosen is None:
        assert parse(body) == value
    else:
        with pytest.raises(Refusal, match="more than once"):
            parse(body)
