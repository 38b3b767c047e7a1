"""Rows of ``control.conserved``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

DAY = v.BalanceRow(
    tenant="acme",
    source="sis",
    day="2026-11-28",
    accepted=1_229,
    delivered=1_200,
    waiting=4,
    parked=1,
    dead=2,
    superseded=3,
    not_routed=19,
    shadowed=0,
    cancelled=0,
    retired=0,
    departed=0,
    lost=0,
    written=True,
)
BALANCES: list[tuple[v.View, tuple[str, ...]]] = [
    (DAY, ("2026-11-28", "acme/sis", "1,229", "1,200", "19")),
    (
        v.BalanceRow(
            tenant="acme",
            source="sis",
            day="2026-11-29",
            accepted=3,
            delivered=0,
            waiting=0,
            parked=0,
            dead=0,
            superseded=0,
            not_routed=0,
            shadowed=0,
            cancelled=0,
            retired=1,
            departed=1,
            lost=1,
            written=False,
        ),
        ("2026-11-29 so far", "1 retired, 1 departed, 1 lost"),
    ),
    (
        v.ContradictionRow(what="statement", row=17, tenant="acme", detail="was passed over"),
        ("statement", "17", "acme", "was passed over"),
    ),
    (
        v.CountedRow(links=2, days=1, requests=3, statements=4, deliveries=5, hash="ab" * 32, contradictions=0),
        ("3 requests with 4 statements", "5 deliveries", "2 links", "everything adds up"),
    ),
    (
        v.CountedRow(links=0, days=0, requests=0, statements=0, deliveries=0, hash="", contradictions=1),
        ("1 does not fit",),
    ),
]
