"""What a source told, fit to be shown to people: without what looks like a secret."""

import re
from collections.abc import Mapping

from config.problems import is_token

MASK = "***"
DEPTH_MAX = 32
_NAME = re.compile(
    r"(?i)passw|passphrase|secret|token|authorization|cookie|sesskey|session_?id|credential|bearer"
    r"|(?:api|access|auth|ws|consumer|shared|private)[-_]?key"
)
_IN_ADDRESS = re.compile(r"(?i)((?:access_token|wstoken|token|sesskey|key|secret|password|sig|signature)=)[^&\s\"']+")


def withheld(value: object, depth: int = 0) -> object:
    """The same, with values of secret names, tokens, and secrets in addresses masked."""
    match value:
        case str():
            return MASK if is_token(value) and "-" not in value else _IN_ADDRESS.sub(rf"\1{MASK}", value)
        case Mapping() if depth < DEPTH_MAX:
            return {
                key: MASK if _NAME.search(str(key)) and inner is not None else withheld(inner, depth + 1)
                for key, inner in value.items()
            }
        case list() | tuple() if depth < DEPTH_MAX:
            return [withheld(inner, depth + 1) for inner in value]
        case Mapping() | list() | tuple():
            return "…"
        case _:
            return value
