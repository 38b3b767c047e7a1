"""How a platform is asked for tokens: with an assertion that our key signs, for the services that are read."""

from actors.ports import Reveal
from actors.sources.answers import Remedies
from actors.sources.lti.settings import LtiSettings
from actors.sources.lti.wire import AGS_SCOPES, BUCKET, NRPS_SCOPE
from actors.sources.service import ServiceDialect, Terms
from config.transport import OAuthClient

REMEDIES = Remedies(
    unknown="the platform does not know client_id with this key: register its public half there under key_id",
    forbidden="the tool's registration lacks a scope: allow it to read members (and line items and results)",
    missing="there are no tokens at token_url: write it as the platform tells it",
    address="token_url",
)


def dialect(settings: LtiSettings, reveal: Reveal, fresh: str) -> ServiceDialect:
    """The connector's ``dialect``."""
    terms = Terms(
        client=OAuthClient(
            token_url=settings.token_url,
            client_id=settings.client_id,
            client_auth="private_key_jwt",
            client_key=settings.private_key,
            client_key_id=settings.key_id,
        ),
        scopes=(NRPS_SCOPE, *AGS_SCOPES) if settings.reads_results else (NRPS_SCOPE,),
        remedies=REMEDIES,
        bucket=BUCKET,
        setting="private_key",
        why="reading members and results" if settings.reads_results else "reading members",
        alg="RS256",
        audience=settings.audience or "",
    )
    return ServiceDialect(terms, reveal, fresh)
