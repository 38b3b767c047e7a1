"""``multipart/mixed`` taken apart: any bytes come through as they are, and what is malformed is named."""

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.xapi.faults import Refusal
from daemon.gateway.lrs import multipart
from daemon.gateway.lrs.multipart import boundary_of, is_json, opened, parts
from daemon.gateway.problems import Problem

BOUNDARY = b"-------314159265358979323846"
JSON = {"Content-Type": "application/json"}
Part = tuple[Mapping[str, str], bytes]


def attached(content: bytes, **more: str) -> Part:
    described = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": hashlib.sha256(content).hexdigest(),
    }
    return {**described, **{name.replace("_", "-"): value for name, value in more.items()}}, content


def body(*given_parts: Part, boundary: bytes = BOUNDARY, preamble: bytes = b"", epilogue: bytes = b"\r\n") -> bytes:
    written = preamble
    for headers, content in given_parts:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        written += b"--" + boundary + b"\r\n" + lines + b"\r\n" + content + b"\r\n"
    return written + b"--" + boundary + b"--" + epilogue


def complaint(sent: bytes, boundary: bytes = BOUNDARY) -> str:
    with pytest.raises(Refusal) as caught:
        opened(sent, boundary)
    return str(caught.value)


def bits(boundary: bytes) -> st.SearchStrategy[bytes]:
    """Contents that look like boundaries, and are none."""
    some = [b"\r\n", b"\r", b"\n", b"--", b"-", b"\r\n--", boundary[:-1], boundary, b" ", b"\0", b"\xff", b"x"]
    return st.lists(st.sampled_from(some) | st.binary(max_size=3), max_size=12).map(b"".join)


names = st.text("abc'()+_,-./:=?19", min_size=1, max_size=12).map(str.encode)


@given(st.data(), names)
def test_any_content_comes_through_as_it_was(data: st.DataObject, boundary: bytes) -> None:
    contents = data.draw(st.lists(bits(boundary), max_size=4))
    contents = [content for content in contents if b"\r\n--" + boundary not in b"\r\n" + content]
    document = data.draw(st.sampled_from([b"{}", b"[]", b'{"a":"--' + boundary + b'"}']))
    preamble = data.draw(st.sampled_from([b"", b"\r\n", b"for people\r\n", b"- \r\n"]))
    epilogue = data.draw(st.sampled_from([b"", b"\r\n", b"\r\nthe end", b"x"]))
    sent = body((JSON, document), *map(attached, contents), boundary=boundary, preamble=preamble, epilogue=epilogue)
    found, enclosed = opened(sent, boundary)
    assert found == document
    assert enclosed == {hashlib.sha256(content).hexdigest(): content for content in contents}


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 3))
def test_arbitrary_bodies_are_refused_and_never_anything_worse(junk: bytes, at: int, cut: int) -> None:
    sound = body((JSON, b"{}"), attached(b"content"))
    for spoilt in (junk, b"--" + BOUNDARY + junk, sound[:at] + junk + sound[at + cut :]):
        try:
            document, enclosed = opened(spoilt, BOUNDARY)
        except Refusal:
            continue
        assert all(hashlib.sha256(content).hexdigest() == sha2 for sha2, content in enclosed.items())
        assert isinstance(document, bytes)


def test_every_truncation_is_refused() -> None:
    sound = body((JSON, b"{}"), attached(b"content"), epilogue=b"")
    assert opened(sound, BOUNDARY)
    for end in range(len(sound)):
        assert complaint(sound[:end])


def test_headers_are_read_whatever_their_case_and_hashes_too() -> None:
    sha2 = hashlib.sha512(b"x").hexdigest()
    headers = {"content-transfer-ENCODING": "Binary", "x-experience-api-hash": sha2.upper()}
    tight = body((JSON, b"{}"), (headers, b"x")).replace(b": ", b":")
    assert opened(tight, BOUNDARY) == (b"{}", {sha2: b"x"})


def test_one_content_sent_twice_is_one() -> None:
    assert len(opened(body((JSON, b"{}"), attached(b"x"), attached(b"x")), BOUNDARY)[1]) == 1


@pytest.mark.parametrize(
    ("given_parts", "says"),
    [
        ([], "parts[0].content-type"),
        ([({}, b"{}")], "parts[0].content-type"),
        ([attached(b"x")], "parts[0].content-type"),
        ([(JSON, b"{}"), (JSON, b"{}")], "parts[1].content-transfer-encoding: must be binary"),
        ([(JSON, b"{}"), attached(b"x", Content_Transfer_Encoding="base64")], "must be binary"),
        ([(JSON, b"{}"), attached(b"x", X_Experience_API_Hash="")], "parts[1].x-experience-api-hash: must be"),
        ([(JSON, b"{}"), attached(b"x", X_Experience_API_Hash="ab" * 20)], "parts[1].x-experience-api-hash: must be"),
        ([(JSON, b"{}"), attached(b"x", X_Experience_API_Hash="ab" * 32)], "is not the hash of this part's 1 bytes"),
        (
            [(JSON, b"{}"), attached(b"y"), attached(b"x", X_Experience_API_Hash=hashlib.sha256(b"y").hexdigest())],
            "parts[2].x-experience-api-hash: is the hash of another part",
        ),
        ([(JSON, b"{}"), attached(b"x", content_type="text/html")], "parts[1].content-type: is given more than once"),
        ([(JSON, b"{}"), attached(b"x", **{f"X{number}": "" for number in range(20)})], "parts[1]: is not well-formed"),
        ([(JSON, b"{}"), attached(b"x", X_Long="x" * 5_000)], "parts[1]: is not well-formed"),
        ([(JSON, b"{}"), attached(b"x", X_Odd="x\rx")], "parts[1]: is not well-formed"),
    ],
)
def test_what_a_part_lacks_is_named(given_parts: list[Part], says: str) -> None:
    assert says in complaint(body(*given_parts))


def test_a_boundary_that_is_not_in_the_body() -> None:
    assert "nowhere in the body" in complaint(body((JSON, b"{}")), b"another")
    assert "nowhere in the body" in complaint(b"")


def test_many_parts_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    most = [attached(number.to_bytes(2)) for number in range(multipart.PARTS_MAX)]
    assert len(opened(body((JSON, b"{}"), *most), BOUNDARY)[1]) == multipart.PARTS_MAX
    monkeypatch.setattr(multipart, "MultipartParser", None)
    for bomb in (body((JSON, b"{}"), *most, attached(b"x"), preamble=b"\r\n"), (b"\r\n--" + BOUNDARY + b"x") * 1_100):
        with pytest.raises(Refusal, match="at most 1000 attachments"):
            parts(bomb, BOUNDARY)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=abc", b"abc"),
        ("Multipart/Mixed;charset=x; Boundary=abc ", b"abc"),
        ('multipart/mixed; boundary="a b:c"', b"a b:c"),
        ("multipart/mixed; boundary=" + "x" * 70, b"x" * 70),
        ("multipart/form-data; boundary=abc", None),
        ("multipart/mixed; boundary=\u00e4", None),
        ("application/json", None),
        ("", None),
    ],
)
def test_the_boundary_is_read_from_the_content_type(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    ["multipart/mixed", "multipart/mixed;", "multipart/mixed; boundary=", 'multipart/mixed; boundary=""']
    + [f"multipart/mixed; boundary={wrong}" for wrong in ('"a\tb"', "x" * 71, '"a\r\nb"', '"a "b')],
)
def test_a_boundary_that_cannot_be_one_is_refused(content_type: str) -> None:
    with pytest.raises(Problem, match="boundary"):
        boundary_of(content_type)


@given(st.text(max_size=40) | st.from_regex(r"multipart/mixed *;[ -~]{0,30}", fullmatch=True))
def test_an_arbitrary_content_type_is_refused_and_never_anything_worse(content_type: str) -> None:
    try:
        boundary = boundary_of(content_type)
        assert boundary is None or 1 <= len(boundary) <= 70
        assert not (is_json(content_type) and boundary)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017  # not every one is refused


def test_json_is_json_in_utf_8_only() -> None:
    assert is_json("application/json")
    assert is_json('Application/JSON ; charset="UTF-8"')
    assert not is_json("application/jsonp")
    assert not is_json("")
    with pytest.raises(Problem, match="UTF-8"):
        is_json("application/json; charset=latin-1")
