"""What another LRS is spoken to with: a secret that an operator looks after, or access tokens."""

from actors.ports import Reveal
from actors.sources.answers import Remedies
from actors.sources.lrs.settings import LrsSettings
from actors.sources.lrs.wire import BUCKET
from actors.sources.service import ServiceDialect, Terms

REMEDIES = Remedies(
    unknown="the client that oauth names is not known there: give one that is",
    forbidden="it does not give what is asked for: write scopes that the client has there",
    missing="there are no tokens at token_url: write where they come from",
    address="token_url",
)


def dialect(settings: LrsSettings, reveal: Reveal, fresh: str) -> ServiceDialect:
    """The connector's ``dialect``."""
    client = settings.oauth
    if client is None:
        return ServiceDialect(None, reveal, fresh, settings.secret)
    terms = Terms(
        client=client,
        scopes=client.scopes,
        remedies=REMEDIES,
        bucket=BUCKET,
        setting="client_key",
        why="reading statements",
    )
    return ServiceDialect(terms, reveal, fresh)
