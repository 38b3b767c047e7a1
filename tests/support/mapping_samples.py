"""Rows about mapping tables, each with what must be seen of it."""

from view_samples import AT

from daemon.control import views as v

MAPPED: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.MappingRow(
            source="acme/sis", version=2, origin="/etc/x/v2.toml", note="Names.", forms=7, in_force=True, since_us=AT
        ),
        ("acme/sis", "v2", "since 2027", "/etc/x/v2.toml", "7", "Names."),
    ),
    (
        v.MappingRow(source="acme/sis", version=1, origin="shipped", note="First.", forms=7, in_force=True),
        ("v1", "from the start", "shipped"),
    ),
    (v.MappingRow(source="acme/new", version=3, origin="shipped", note="x", forms=1, next=True), ("begins with it",)),
    (
        v.TableRow(
            source="acme/sis",
            version=2,
            origin="shipped",
            toml='[user.rest]\nemail = { path = "[bold]mail" }\n',
            table={"user": {"rest": {"email": {"path": "[bold]mail"}}}},
        ),
        ('[user.rest]\nemail = { path = "[bold]mail" }\n',),
    ),
    (
        v.MappedRow(
            source="acme/sis",
            version=2,
            record="user/7",
            form="rest",
            raw='{"mail": "A@x.org"}',
            fields=(v.FieldView(field="email", value='"a@x.org"', place="mail"),),
            canonical={"email": "a@x.org"},
            statements=({"verb": {"id": "https://x/registered"}},),
            note="made up",
        ),
        ("acme/sis v2: user/7 (rest)", '"A@x.org"', "email", '"a@x.org"', "← mail", "https://x/registered", "made up"),
    ),
    (
        v.MappedRow(
            source="acme/sis",
            version=2,
            record="user/7",
            form="rest",
            raw="{}",
            faults=(v.FaultView(rule="required", path="name", value="null", suggestion="map it"),),
        ),
        ("does not fit", "required", "name", "null", "map it"),
    ),
]
