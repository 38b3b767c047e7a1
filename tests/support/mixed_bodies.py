"""``multipart/mixed`` for tests: made as senders make it, and taken apart by the lengths that its parts announce."""

import hashlib
import json
from typing import Any

import httpx

Json = dict[str, Any]
BOUNDARY = "-------314159265358979323846"
MIXED = {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}


def sha2(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def attachment(content: bytes, **more: Any) -> Json:
    """As a statement declares it."""
    return {
        "usageType": "https://lms.example.edu/files",
        "display": {"en": "A file"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2(content),
        **more,
    }


def mixed(document: Any, *contents: bytes) -> bytes:
    body = f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n".encode() + json.dumps(document).encode()
    for content in contents:
        body += (
            f"\r\n--{BOUNDARY}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
            f"X-Experience-API-Hash: {sha2(content)}\r\n\r\n"
        ).encode() + content
    return body + f"\r\n--{BOUNDARY}--\r\n".encode()


def taken_apart(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """Headers by name in lower case, and content, of each part."""
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/mixed"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    line = f"--{boundary}".encode()
    rest, found = answer.content, []
    while not rest.startswith(line + b"--\r\n"):
        assert rest.startswith(line + b"\r\n")
        head, _, rest = rest[len(line) + 2 :].partition(b"\r\n\r\n")
        headers = dict(each.split(": ", 1) for each in head.decode().split("\r\n"))
        headers = {name.lower(): value for name, value in headers.items()}
        length = int(headers["content-length"])
        found.append((headers, rest[:length]))
        assert rest[length : length + 2] == b"\r\n"
        rest = rest[length + 2 :]
    return found
