"""CSV files as they really come, row by row."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.harvest import RowsRead
from daemon.depot.tables import LINE_CHARS_MAX, Table


def whole(data: bytes, count: int = 100) -> RowsRead:
    return Table(io.BytesIO(data)).read(count)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a,b\n1,x\n2,y\n", id="plain"),
        pytest.param(b"\xef\xbb\xbfa,b\r\n1,x\r\n2,y\r\n", id="byte order mark, CRLF"),
        pytest.param(b"a,b\r1,x\r2,y\r", id="CR"),
        pytest.param(b'"a","b"\n"1","x"\n"2","y"', id="quoted, no last newline"),
        pytest.param(b"\n\n a , b ,,\n1,x\n\n,\n2,y\n\n", id="blank lines and columns, empty rows"),
        pytest.param(b"a;b\n1;x\n2;y\n", id="semicolons"),
        pytest.param(b"a\tb\n1\tx\n2\ty\n", id="tabs"),
        pytest.param("a,b\n1,x\n2,y\n".encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xfe\xff" + "a,b\n1,x\n2,y\n".encode("utf-16-be"), id="UTF-16 the other way"),
    ],
)
def test_what_spreadsheets_write_is_read(data: bytes) -> None:
    read = whole(data)
    assert (read.columns, read.rows, read.last, read.trouble) == (("a", "b"), [["1", "x"], ["2", "y"]], True, "")
    assert bool(read.warning) == (b"," not in data.replace(b"\x00", b"") or data[:1] in b"\xff\xfe")


@pytest.mark.parametrize(
    ("data", "rows", "trouble"),
    [
        pytest.param(b"", 0, "empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\n\n", 0, "empty", id="only a mark"),
        pytest.param(b"a,b\n1,x\n2", 1, "line 3: the file ends in the middle", id="torn row"),
        pytest.param(b'a,b\n1,x\n2,"y\n', 1, "line 3: the file ends in the middle", id="torn in quotes"),
        pytest.param(b"a,b\n1,x\n2,\xfc\n3,z\n", 1, "line 3 is not UTF-8", id="Windows-1252"),
        pytest.param(b"a,b\n1,x\n2,\0\n", 1, "line 3 has a NUL", id="NUL"),
        pytest.param("a,b\n1,x\n".encode("utf-16-le"), 0, "NUL", id="UTF-16 without a mark"),
        pytest.param(b"a,b\n1,x\n2," + b"y" * 200_000 + b"\n", 1, "line 3: field larger", id="a long cell"),
        pytest.param(b"a,b\n1,x\n" + b"y," * LINE_CHARS_MAX, 1, "line 3 is longer", id="a long line"),
        pytest.param(b"a," * 600 + b"\n", 0, "more than 500 columns", id="a wide header"),
    ],
)
def test_what_is_no_table_ends_it_there_and_says_where(data: bytes, rows: int, trouble: str) -> None:
    read = whole(data)
    assert len(read.rows) == rows
    assert read.last
    assert trouble in read.trouble


def test_a_long_file_is_read_in_pieces_that_fit_together() -> None:
    held = "id,text\n" + "".join(f'{n},"line\nof {n}"\n' for n in range(1000))
    table = Table(io.BytesIO(held.encode()))
    found, lines = [], []
    while True:
        read = table.read(77)
        found += read.rows
        lines.append(read.line)
        if read.last:
            break
    assert [row[0] for row in found] == [str(n) for n in range(1000)]
    assert lines[:3] == [2, 156, 310]


def test_the_header_alone_can_be_asked_for() -> None:
    table = Table(io.BytesIO(b"a,b\n1,2\n"))
    head = table.read(0)
    assert (head.columns, head.rows, head.last, head.line) == (("a", "b"), [], False, 2)
    assert table.read(10).rows == [["1", "2"]]


class Damaged(io.RawIOBase):
    """A disk that gives up."""

    def __init__(self) -> None:
        self._left = [b"a,b\n1,2\n" * 4, b"3,4\n" * 4]

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            raise OSError(5, "Input/output error")
        piece = self._left.pop(0)
        into[: len(piece)] = piece
        return len(piece)


def test_a_disk_that_gives_up_is_no_end_of_the_file() -> None:
    read = Table(io.BufferedReader(Damaged())).read(100)
    assert read.last
    assert "Input/output error" in read.trouble


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20)


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=20), st.sampled_from(["\n", "\r\n"]), st.integers(1, 7)
)
def test_what_a_writer_writes_is_read_back(rows: list[list[str]], newline: str, count: int) -> None:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    table = Table(io.BytesIO(held.getvalue().encode()))
    found: list[list[str]] = []
    while True:
        read = table.read(count)
        found += read.rows
        assert read.trouble == ""
        if read.last:
            break
    assert found == [row for row in rows if any(row)]


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_it_ends_and_says_so(data: bytes) -> None:
    table = Table(io.BytesIO(b"a,b\n1,2\n" + data))
    for _ in range(400):
        read = table.read(3)
        if read.last:
            return
    raise AssertionError("no end")
