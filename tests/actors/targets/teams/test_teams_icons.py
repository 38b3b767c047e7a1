"""The icons are PNGs of the sizes that Teams wants, and say something."""

import struct
import zlib

import pytest

from actors.targets.teams.icons import color_icon, outline_icon


def dots(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the dots, each four bytes. Fails where it is no PNG of eight bits RGBA."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, parts = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (sum_,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert sum_ == zlib.crc32(kind + content)
        parts[kind] = content
        at += 12 + length
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, bits, colours, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (bits, colours, rest) == (8, 6, [0, 0, 0])
    rows = zlib.decompress(parts[b"IDAT"])
    assert len(rows) == height * (1 + width * 4)
    found = []
    for down in range(height):
        row = rows[down * (1 + width * 4) :][: 1 + width * 4]
        assert row[0] == 0
        found += [row[at : at + 4] for at in range(1, len(row), 4)]
    return width, height, found


def test_the_coloured_one_is_192_by_192_and_opaque() -> None:
    width, height, found = dots(color_icon())
    assert (width, height) == (192, 192)
    assert {dot[3] for dot in found} == {255}
    assert len(set(found)) > 10


def test_the_outline_is_32_by_32_and_white_on_nothing() -> None:
    width, height, found = dots(outline_icon())
    assert (width, height) == (32, 32)
    assert {dot[:3] for dot in found} == {b"\xff\xff\xff"}
    assert {dot[3] for dot in found} >= {0, 255}


@pytest.mark.parametrize("icon", [color_icon, outline_icon])
def test_they_never_change(icon: object) -> None:
    assert callable(icon)
    assert icon() == icon()
