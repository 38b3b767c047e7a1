"""What a route of a pilot would say, said to nobody: the body is made as it would be sent, and no vendor is asked."""

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.outbox import Parcel
from actors.domain.piloting import RENDERED_BYTES_MAX, Piloted, subject_of
from actors.domain.verdicts import Refused
from actors.domain.wording import TemplateFault
from actors.ports import LoggedStatement, Target
from config.model import Route, Tenant

_encode = msgspec.json.Encoder().encode


def rehearsed(
    pilot: str,
    route: Route,
    change: AnyChange,
    destination: str,
    refused: Refused | None,
    *,
    tenant: Tenant,
    target: Target,
    org_unit: str,
    statement: LoggedStatement,
    now_us: int,
) -> Piloted:
    """A fault while it is said is what the pilot is there to find: it costs nothing else. Targets that take the
    statement itself have nothing to render."""
    subject = subject_of(change, org_unit)
    if refused is not None:
        return Piloted(name=pilot, subject=subject, fault=f"{refused.cause.value}: {refused.detail}")
    if target.wants_statement:
        return Piloted(name=pilot, subject=subject)
    learner, to_learner = change.learner, route.audience.learner
    parcel = Parcel(
        delivery_id="",
        correlation_id=statement.correlation_id,
        destination=destination,
        address=destination,
        to_learner=to_learner,
        change=change,
        template=route.template,
        locale=(to_learner and learner.locale) or tenant.locale,
        timezone=(to_learner and learner.timezone) or tenant.timezone,
        attempt=1,
        now_us=now_us,
        sent_us=None,
        tenant=tenant.name,
    )
    try:
        body = _encode(target.preview(parcel))
    except TemplateFault as fault:
        return Piloted(name=pilot, subject=subject, fault=f"bad_template: {fault}")
    except Exception as error:  # noqa: BLE001  # a connector's bug shows in the rehearsal, and routes everything else
        return Piloted(name=pilot, subject=subject, fault=f"fault in lmsyncd: {type(error).__name__}: {error}")
    return Piloted(name=pilot, subject=subject, rendered=body[:RENDERED_BYTES_MAX])
