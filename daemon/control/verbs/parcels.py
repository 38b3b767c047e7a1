"""What a connector is handed outside of the outbox: for a rehearsal and for a test post. No verb of its own."""

from actors.domain.changes import AnyChange
from actors.domain.outbox import Parcel
from config.model import Tenant


def parcel(
    tenant: Tenant,
    *,
    delivery_id: str,
    correlation_id: str,
    destination: str,
    address: str,
    to_learner: bool,
    change: AnyChange,
    template: str | None,
    now_us: int,
    statement: bytes = b"",
) -> Parcel:
    """A first attempt, in the language that a courier would choose."""
    learner = change.learner
    return Parcel(
        delivery_id=delivery_id,
        correlation_id=correlation_id,
        destination=destination,
        address=address,
        to_learner=to_learner,
        change=change,
        template=template,
        locale=(to_learner and learner.locale) or tenant.locale,
        timezone=(to_learner and learner.timezone) or tenant.timezone,
        attempt=1,
        now_us=now_us,
        sent_us=None,
        statement=statement,
        tenant=tenant.name,
    )
