"""Secrets that are planted to be looked for: in whatever form somebody may have written them."""

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from daemon.demo.scene import KEY

MADE = "made"
"""The name of a credential that is made on the way."""


def canary() -> str:
    """Long, and with everything that is written differently in JSON, URLs and base64."""
    return f'{secrets.token_urlsafe(24)}"+/={secrets.token_urlsafe(8)}'


def forms(value: str) -> Iterator[bytes]:
    """A secret as it would look in a header, a URL, JSON, or Basic credentials."""
    yield value.encode()
    yield quote(value, safe="").encode()
    yield msgspec.json.encode(value)[1:-1]
    yield b64encode(value.encode()).rstrip(b"=")
    for key in (KEY, MADE):
        yield b64encode(f"{key}:{value}".encode()).rstrip(b"=")


def of_process(pid: int) -> dict[str, bytes]:
    """What other processes see of this one: only root may read the environment of a daemon, or as much as its user."""
    seen = {}
    for name in ("cmdline", "environ"):
        try:
            seen[name] = Path("/proc", str(pid), name).read_bytes()
        except PermissionError:
            seen[name] = b""
    return seen


def found(canaries: Mapping[str, str], evidence: Mapping[str, bytes]) -> list[str]:
    """Which of them is where."""
    return [
        f"{name} in {where}"
        for where, content in evidence.items()
        for name, value in canaries.items()
        if any(form in content for form in forms(value))
    ]
