"""A statement's attachments and the contents that were sent along: what is declared must be there, what is there must
be declared, and the hash decides which is which.

``length`` is not compared with the content: the hash says more, and senders are known to get the length wrong.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from actors.domain.xapi.accepted import Enclosed
from actors.domain.xapi.faults import Fault, Refusal

FAULTS_MAX = 10
_ALGORITHMS = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}

Contents = Mapping[str, bytes]
"""What a request encloses, by its sha2 in lower case."""


def matches(content: bytes, sha2: str) -> bool:
    """Whether this is the content's hash: SHA-224, 256, 384 or 512 by the number of hexadecimal digits."""
    algorithm = _ALGORITHMS.get(len(sha2))
    return algorithm is not None and algorithm(content).hexdigest() == sha2.lower()


def declared(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and attachment: the statement's own, then those of its sub-statement."""
    for place, attachment in enumerate(statement.get("attachments", ())):
        yield f"attachments[{place}]", attachment
    if statement["object"].get("objectType") == "SubStatement":
        for place, attachment in enumerate(statement["object"].get("attachments", ())):
            yield f"object.attachments[{place}]", attachment


def enclosed_with(statement: dict[str, Any], contents: Contents, index: int) -> tuple[Enclosed, ...]:
    """The contents that belong to a valid statement, each once. Raises Refusal if one is neither enclosed nor has an
    address."""
    found: dict[str, Enclosed] = {}
    faults: list[Fault] = []
    for path, attachment in declared(statement):
        sha2 = attachment["sha2"].lower()
        if sha2 in found:
            continue
        if sha2 in contents:
            found[sha2] = Enclosed(
                sha2=attachment["sha2"], content_type=attachment["contentType"], content=contents[sha2]
            )
        elif "fileUrl" not in attachment and len(faults) < FAULTS_MAX:
            rule = "is required where the attachment's content is not enclosed in the request"
            faults.append(Fault(f"{path}.fileUrl", rule))
    if faults:
        raise Refusal(tuple(faults), index)
    return tuple(found.values())


def require_no_other(contents: Contents, used: set[str]) -> None:
    """Raises Refusal if something was enclosed that no statement of the request declares."""
    if others := sorted(contents.keys() - used):
        rule = "is the sha2 of no attachment that is declared in the first part"
        raise Refusal(tuple(Fault(f"X-Experience-API-Hash {sha2}", rule) for sha2 in others[:FAULTS_MAX]))
