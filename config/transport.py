"""Whether what goes to an address can be read on the way."""

from urllib.parse import urlsplit

from config.texts import is_loopback


def unprotected(url: str) -> bool:
    """Plain http to another machine. What is no URL at all is for others to tell."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
