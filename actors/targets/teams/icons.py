"""The two icons of the Teams app, drawn: 192 x 192 in colour, 32 x 32 white on nothing. Pure, the same to the byte.

Two cards that overlap, one of them ticked: what was done here is told there. Each shape is a signed distance, so that
edges are smooth at any size without a library.
"""

import struct
import zlib
from collections.abc import Callable
from math import hypot

COLOR_SIZE, OUTLINE_SIZE = 192, 32
GROUND = (0x2F, 0x48, 0x58)
BACK = (0x86, 0xBB, 0xBD)
FRONT = (0xFF, 0xFF, 0xFF)
STROKE = 0.045
"""Half the width of lines, as a share of the icon."""
LEVEL = 9

Distance = Callable[[float, float], float]
"""Of a point (0 to 1 across and down) to a shape: negative within."""


def color_icon() -> bytes:
    """PNG, 192 x 192, opaque."""

    def shade(x: float, y: float, blur: float) -> tuple[int, int, int, int]:
        red, green, blue = GROUND
        for colour, distance in (
            (BACK, _card(0.40, 0.40)),
            (GROUND, _moat),
            (FRONT, _card(0.60, 0.60)),
            (GROUND, _tick),
        ):
            share = _within(distance(x, y), blur)
            red, green, blue = (
                round(old + (new - old) * share) for old, new in zip((red, green, blue), colour, strict=True)
            )
        return red, green, blue, 255

    return _png(COLOR_SIZE, shade)


def outline_icon() -> bytes:
    """PNG, 32 x 32, white lines on a transparent ground."""

    def shade(x: float, y: float, blur: float) -> tuple[int, int, int, int]:
        front = abs(_card(0.60, 0.60)(x, y)) - STROKE
        behind = max(abs(_card(0.40, 0.40)(x, y)) - STROKE, -_moat(x, y))
        return 255, 255, 255, round(255 * _within(min(front, behind, _tick(x, y)), blur))

    return _png(OUTLINE_SIZE, shade)


def _card(x: float, y: float) -> Distance:
    """A square with round corners around a place."""
    half, radius = 0.25, 0.07

    def distance(at_x: float, at_y: float) -> float:
        beyond_x, beyond_y = abs(at_x - x) - half + radius, abs(at_y - y) - half + radius
        return hypot(max(beyond_x, 0.0), max(beyond_y, 0.0)) + min(max(beyond_x, beyond_y), 0.0) - radius

    return distance


def _moat(x: float, y: float) -> float:
    """What keeps the card behind away from the one in front."""
    return _card(0.60, 0.60)(x, y) - 0.09


def _tick(x: float, y: float) -> float:
    """Two lines with round ends."""
    corner = (0.565, 0.685)
    return min(_line(x, y, (0.48, 0.60), corner), _line(x, y, corner, (0.72, 0.52))) - STROKE * 0.8


def _line(x: float, y: float, begin: tuple[float, float], end: tuple[float, float]) -> float:
    along_x, along_y = end[0] - begin[0], end[1] - begin[1]
    share = ((x - begin[0]) * along_x + (y - begin[1]) * along_y) / (along_x**2 + along_y**2)
    share = min(max(share, 0.0), 1.0)
    return hypot(x - begin[0] - share * along_x, y - begin[1] - share * along_y)


def _within(distance: float, blur: float) -> float:
    """How much of a dot is within a shape. ``blur``: how wide a dot is."""
    return min(max(0.5 - distance / blur, 0.0), 1.0)


def _png(size: int, shade: Callable[[float, float, float], tuple[int, int, int, int]]) -> bytes:
    """RGBA, eight bits each, no filters."""
    rows = bytearray()
    for down in range(size):
        rows.append(0)
        for across in range(size):
            rows += bytes(shade((across + 0.5) / size, (down + 0.5) / size, 1 / size))
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
