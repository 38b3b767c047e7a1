"""A bundle for support as a file: ``tar`` and ``gzip``, with nobody's name, host or user in either."""

import gzip
import io
import tarfile
import time

FOLDER = "lmsyncd-support"


class Bundle:
    """In memory: what goes in is bounded."""

    def __init__(self) -> None:
        self._raw = io.BytesIO()
        self._at = int(time.time())
        self._packed = gzip.GzipFile(fileobj=self._raw, mode="wb", filename="", mtime=0)

    def add(self, name: str, data: bytes) -> None:
        """A file: a header and whole blocks."""
        member = tarfile.TarInfo(f"{FOLDER}/{name}")
        member.size, member.mtime, member.mode = len(data), self._at, 0o600
        self._packed.write(member.tobuf(tarfile.GNU_FORMAT))
        self._packed.write(data + b"\0" * (-len(data) % tarfile.BLOCKSIZE))

    def whole(self) -> bytes:
        """The archive, ended."""
        self._packed.write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._packed.close()
        return self._raw.getvalue()
