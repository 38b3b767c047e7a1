r"""The shapes of strings, one regular expression each, shared by the fast and the precise validator.

None of them backtracks more than linearly: what repeats is possessive or cannot match in two ways. ``\Z`` and not
``$``, which lets a newline pass.
"""

from typing import Literal

Version = Literal["1.0.3", "2.0.0"]

IRI = r"^[A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x20\x7f-\xa0<>\"{}|\\^`]++\Z"
"""A scheme and something after it, without what RFC 3987 keeps out. Not resolved, not normalised."""

MAILTO = r"^mailto:[^@\x00-\x20\x7f]++@[^@\x00-\x20\x7f]++\Z"
SHA1_HEX = r"^[0-9a-fA-F]{40}\Z"
SHA2_HEX = r"^(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})\Z"
UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"

LANGUAGE = (
    r"^(?:"
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"  # language, extended language
    r"(?:-[A-Za-z]{4})?"  # script
    r"(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"  # variants
    r"(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*"  # extensions
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"  # private use
    r"|[xX](?:-[A-Za-z0-9]{1,8})+"
    r"|[iI]-[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*"  # registered long ago
    r"|(?i:en-GB-oed|sgn-(?:BE-FR|BE-NL|CH-DE))"  # as well, and by no rule
    r")\Z"
)
"""RFC 5646 by its grammar."""

MEDIA_TYPE = r"^[\w!#$&^.+\-]+/[\w!#$&^.+\-]+(?:\s*;\s*[\w!#$&^.+\-]+=(?:[\w!#$&^.+\-]+|\"[^\"\x00-\x1f]*\"))*\Z"

DURATION = (
    r"^P(?!\Z)(?:"
    r"[0-9]++(?:[.,][0-9]++)?W"
    r"|(?![^.,]*[.,][0-9]++[A-Z].)"  # only the last number may have a fraction
    r"(?:[0-9]++(?:[.,][0-9]++)?Y)?(?:[0-9]++(?:[.,][0-9]++)?M)?(?:[0-9]++(?:[.,][0-9]++)?D)?"
    r"(?:T(?!\Z)(?:[0-9]++(?:[.,][0-9]++)?H)?(?:[0-9]++(?:[.,][0-9]++)?M)?(?:[0-9]++(?:[.,][0-9]++)?S)?)?"
    r")\Z"
)

TIMESTAMP = {
    # ISO 8601, extended or basic; seconds and zone may be missing, no zone means UTC.
    "1.0.3": (
        r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]++)?)?"
        r"|[0-9]{8}[Tt][0-9]{4}(?:[0-9]{2}(?:[.,][0-9]++)?)?)"
        r"(?:[Zz]|(?!-00(?::?00)?\Z)[+\-][0-9]{2}(?::?[0-9]{2})?)?\Z"
    ),
    # RFC 3339.
    "2.0.0": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]++)?"
        r"(?:[Zz]|(?!-00(?::?00)?\Z)[+\-][0-9]{2}:[0-9]{2})\Z"
    ),
}
"""``-00`` in any spelling says that the zone is unknown: refused."""

STATEMENT_VERSION = {"1.0.3": r"^1\.0(?:\.[0-9]+)?\Z", "2.0.0": r"^[12]\.0(?:\.[0-9]+)?\Z"}
