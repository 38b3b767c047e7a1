"""The clients of the LRS, for people: the rows of ``control.credentials``."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from daemon.cli.cells import at, number, plain
from daemon.control import views as v

HEADINGS = ("credential", "source", "state", "may", "rate", "used", "last used", "remarks")
STATES = {"active": "green", "revoked": "dim", "expired": "yellow", "hidden": "yellow", "unplaced": "yellow"}
REMARKS = {
    "hidden": "the tenant file has one of this name",
    "unplaced": "its source is not configured",
    "sealed": "its key is lost: rotate it",
}


def cells(row: v.CredentialRow) -> list[Text | str]:
    burst = f", {row.burst} at once" if row.burst else ""
    return [
        plain(f"{row.tenant}/{row.name}"),
        plain(f"{row.source} ({'tenant file' if row.origin == 'file' else 'made'})"),
        plain(row.state, STATES.get(row.state, "red")),
        plain(" ".join(row.scopes)),
        f"{row.rate_per_s:g}/s{burst}" if row.rate_per_s else "",
        number(row.used),
        at(row.used_us)[:19],
        plain("; ".join(_remarks(row))),
    ]


def _remarks(row: v.CredentialRow) -> list[str]:
    said = [REMARKS[row.state]] if row.state in REMARKS else []
    if row.overlap:
        end = f"until {at(row.former_until_us)[:19]}" if row.former_until_us else "until it is taken out of the file"
        last = f", last used {at(row.former_used_us)[:19]}" if row.former_used_us else ", not used since"
        said.append(f"the former secret works {end}{last}")
    if row.expires_us:
        said.append(f"expires {at(row.expires_us)[:19]}")
    if row.revoked_us:
        said.append(f"revoked {at(row.revoked_us)[:19]} by {row.revoked_by}")
    elif row.made_us:
        said.append(f"made {at(row.made_us)[:10]} by {row.made_by}")
    return said


def secret(row: v.SecretRow) -> RenderableType:
    """For whoever sets the client up. The secret stands alone in its line, so that it can be copied."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in (
        ("endpoint", row.endpoint),
        ("user name", row.name),
        ("password", row.secret),
        ("it may", " ".join(row.scopes)),
        ("expires", at(row.expires_us)[:19]),
        ("the former password", f"works until {at(row.former_until_us)[:19]}" if row.former_until_us else ""),
    ):
        if value:
            grid.add_row(name, plain(value))
    head = plain(f"{row.tenant}/{row.name}", "bold")
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))
