"""A secret as the configuration refers to it. What it is, ``secrets`` reads."""

from pathlib import Path

from config.words import Words


class Secret(Words, frozen=True, kw_only=True):
    """A secret by reference: exactly one of a systemd credential's name, a file, or (development) a variable."""

    credential: str | None = None
    """What was put in by ``lmsyncctl secret set NAME``; else the systemd credential of that name
    (``LoadCredential=``), looked up in ``$CREDENTIALS_DIRECTORY``."""
    file: Path | None = None
    """A file that holds the value; one newline at its end is not part of it. Readable by nobody else."""
    env: str | None = None
    """Name of an environment variable. For development only: other processes can see it."""

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.credential, self.file, self.env)) != 1:
            raise ValueError("a secret is exactly one of { credential = … }, { file = … } or { env = … }")

    def __repr__(self) -> str:
        return "***"

    @property
    def where(self) -> str:
        """Where the value comes from, for messages: never the value."""
        if self.credential is not None:
            return f"credential {self.credential!r}"
        return f"file {self.file}" if self.file is not None else f"environment variable {self.env}"
