"""Sends statements exactly as Moodle's xAPI plugin does: JSON arrays without statement ids, Basic auth, one version
header, success is exactly 200; what was not answered is sent again, byte for byte.
"""

import ssl
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

import httpx
import msgspec
import trio

RETRY_S = 0.25
PATIENCE_S = 60.0
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: reading the certificates takes longer than a request


def sample() -> list[bytes]:
    """The packaged sample, a statement a line, as a real Moodle 4.3 emitted them."""
    text = files("daemon.demo").joinpath("statements.jsonl").read_bytes()
    return text.splitlines()


def batches(lines: Sequence[bytes], size: int) -> list[bytes]:
    """JSON arrays of at most so many statements, in order."""
    return [b"[" + b",".join(lines[start : start + size]) + b"]" for start in range(0, len(lines), size)]


class Moodle:
    """One LMS with one credential. ``refused`` counts the answers and failures that made it send again."""

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        self._url = endpoint.rstrip("/") + "/statements"
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{key}:{secret}".encode()).decode(),
            "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }
        self.acknowledged: list[str] = []
        self.requests = 0
        self.refused = 0

    async def send(self, batch: bytes, *, times: int = 1) -> None:
        """Until it is answered with 200. ``times``: so often over again afterwards (a plugin that lost the answer)."""
        for repetition in range(times):
            ids = await self._until_ok(batch)
            if repetition == 0:
                self.acknowledged += ids

    async def _until_ok(self, batch: bytes) -> list[str]:
        """Raises RuntimeError for a refusal that sending again does not cure, or after PATIENCE_S without an answer."""
        gives_up = trio.current_time() + PATIENCE_S
        while trio.current_time() < gives_up:
            self.requests += 1
            try:
                async with httpx.AsyncClient(timeout=20, trust_env=False, verify=_NO_TLS) as client:
                    answer = await client.post(self._url, content=batch, headers=self._headers)
                if answer.status_code == httpx.codes.OK:
                    return msgspec.json.decode(answer.content, type=list[str])
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise RuntimeError(f"the gateway refused a batch: {answer.status_code} {answer.text[:300]}")
            except httpx.TransportError:
                pass  # the daemon is down: that is what sending again is for
            self.refused += 1
            await trio.sleep(RETRY_S)
        raise RuntimeError(f"the gateway took no batch for {PATIENCE_S:g} s")
