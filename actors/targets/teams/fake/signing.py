"""What Entra signs: id tokens and validation tokens, with a key that is made when it is first needed."""

from functools import cache

import msgspec
from joserfc import jws
from joserfc.jwk import RSAKey

from actors.targets.teams.fake.replies import Fields

KEY_BITS = 2_048
GRAPH_APP = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""Who sends change notifications (``azp``)."""


@cache
def signing_key(kid: str) -> RSAKey:
    """The same one until the process ends."""
    return RSAKey.generate_key(KEY_BITS, {"kid": kid, "use": "sig", "alg": "RS256"})


def keys(kid: str) -> Fields:
    """The JWKS, in which the key of this name stands alone."""
    return {"keys": [signing_key(kid).as_dict(private=False)]}


def sign(claims: Fields, kid: str) -> str:
    """A compact JWT, RS256."""
    key = signing_key(kid)
    header = {"alg": "RS256", "kid": str(key.kid), "typ": "JWT"}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key, ["RS256"])
