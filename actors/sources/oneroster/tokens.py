"""How a OneRoster service is asked for tokens: as the client that its settings name, for reading the roster."""

from actors.ports import Reveal
from actors.sources.answers import Remedies
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.wire import BUCKET
from actors.sources.service import ServiceDialect, Terms

REMEDIES = Remedies(
    unknown="client_id and client_secret are not known there: give those of a client that is",
    forbidden="it does not give what is asked for: write scopes that the client has there",
    missing="there are no tokens at token_url: write where they come from",
    address="token_url",
)


def dialect(settings: OneRosterSettings, reveal: Reveal, fresh: str) -> ServiceDialect:
    """The connector's ``dialect``. Bundles come without tokens."""
    client = settings.client
    if client is None:
        return ServiceDialect(None, reveal, fresh)
    terms = Terms(
        client=client,
        scopes=client.scopes,
        remedies=REMEDIES,
        bucket=BUCKET,
        setting="client_key",
        why="reading the roster and the grade book" if settings.grades else "reading the roster",
    )
    return ServiceDialect(terms, reveal, fresh)
