"""The ids a delivery carries through Teams: the mark of its post, the chain of its notification, its requests' own."""

import hashlib
import re
import uuid
from urllib.parse import quote

from actors.domain.outbox import Parcel
from actors.targets.teams.oauth import REQUEST_IDS

MARKS = uuid.UUID("c2b7c7a0-7a0e-5c0b-9d5e-1f1f6f0e3a44")
"""Our namespace of UUIDv5, for delivery ids that are no GUIDs by themselves."""
_DELIVERY_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CHAIN = re.compile(r"[0-9]{1,19}", re.ASCII)
_NOT_FOR_HEADERS = re.compile(r"[^!-~]")


class Trail:
    """The ids that a conversation's requests carry: one correlation, a fresh id for each."""

    def __init__(self, correlation_id: str, name: str, now_us: int | None = None, delivery_id: str = "") -> None:
        self.now_us = now_us
        self._correlation_id = correlation_id
        self._delivery_id = delivery_id
        self._name = name
        self._step = 0

    def headers(self) -> dict[str, str]:
        self._step += 1
        request_id = str(uuid.uuid5(REQUEST_IDS, f"{self._name}|{self._step}"))
        headers = {"client-request-id": request_id, "x-correlation-id": _header(self._correlation_id) or request_id}
        return headers | ({"x-delivery-id": _header(self._delivery_id)} if self._delivery_id else {})


def mark_of(delivery_id: str) -> str:
    """The GUID that a delivery's post carries, always the same."""
    known = _DELIVERY_ID.fullmatch(delivery_id)
    return str(uuid.UUID(delivery_id) if known else uuid.uuid5(MARKS, delivery_id))


def chain_of(delivery_id: str) -> int:
    """63 bits that stand for a delivery, always the same and never 0."""
    return (int.from_bytes(hashlib.sha256(delivery_id.encode()).digest()[:8]) >> 1) or 1


def chain_for(parcel: Parcel) -> int:
    """The chain of a notification: that of the one it rewrites, so that Teams shows it in that one's place; else its
    own."""
    told = (parcel.revises or {}).get("chain_id", "")
    known = _CHAIN.fullmatch(told) and 0 < int(told) < 2**63
    return int(told) if known else chain_of(parcel.delivery_id)


def trail_of(parcel: Parcel) -> Trail:
    name = f"{parcel.delivery_id}|{parcel.attempt}|{parcel.now_us}"
    return Trail(parcel.correlation_id, name, parcel.now_us, parcel.delivery_id)


def _header(text: str) -> str:
    """Text that a header can carry."""
    return _NOT_FOR_HEADERS.sub("_", text[:200])


def messages_path(address: str) -> str:
    team, _, channel = address.partition("/")
    return f"teams/{quote(team, safe='')}/channels/{quote(channel, safe=':@')}/messages"


def of_channel(address: str) -> tuple[str, str]:
    """The buckets of a channel's requests."""
    return f"team:{address.partition('/')[0]}", f"channel:{address}"
