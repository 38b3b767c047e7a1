"""A bundle for support has what helps, and of what was planted everywhere neither a secret nor a person."""

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio
from control_office import Desk, Office
from control_office import ask as ask_office
from control_socket import run_ctl, served
from told import completed

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from actors.ports.audit import Deed
from config.model import PersonRow
from daemon.control import protocol as p
from daemon.control.backed import SupportPartRow
from daemon.control.exits import Exit
from daemon.control.office import Backstage, Check
from daemon.store.chronicle import Happening
from daemon.support import gathering
from daemon.support.pseudonyms import Scrubber
from daemon.telemetry.redaction import Redactor

NAME, OTHER = "Wilhelmina Quibblethorpe", "Zebediah Krumholtz"
MAIL, ACCOUNT, NUMBER = "w.quibblethorpe@example.edu", "quibblew77", "4471193"
SECRET, PASSWORD = "xoxb-93871-Sv4nh1ldQ", "correct horse refused"  # a sample each; the second of known words alone
TITLE = "Herbarium of Transylvania"
URL = f"https://lms.example.edu/user/{ACCOUNT}?token={SECRET}&to={MAIL}"
PLANTED = (
    *NAME.split(),
    *OTHER.split(),
    MAIL,
    "quibblethorpe",
    ACCOUNT,
    NUMBER,
    SECRET,
    "Sv4nh1ldQ",
    TITLE,
    "Herbarium",
)
TEXT = f"{NAME} <{MAIL}> ({ACCOUNT}, {NUMBER}) failed with channel_not_found at {URL}: {SECRET}, {PASSWORD}, {TITLE}"


def log_lines() -> Sequence[bytes]:
    """As the daemon writes them, and worse."""
    told: list[dict[str, Any]] = [
        {"time": "2026-11-29T10:00:00.000Z", "level": "warning", "event": "delivery.attempted", "detail": TEXT},
        {"event": "delivery.attempted", "lane": "acme/slack", "attempt": 3, "person": MAIL.upper(), "state": "dead"},
        {"event": "library.logged", "message": repr({"Authorization": f"Bearer {SECRET}"}), MAIL: {NAME: [NUMBER]}},
        {"event": "library.logged", "traceback": f'File "/home/{ACCOUNT}/x.py", line 7\n  KeyError: {NAME!r}'},
        {"event": "vendor.told", "subject": f"Will Order wrote to {OTHER}"},
    ]
    return [*(msgspec.json.encode(line) for line in told), b"not JSON: " + TEXT.encode()]


def metrics_page() -> str:
    return (
        "# HELP lmsyncd_x Something.\n# TYPE lmsyncd_x counter\n"
        f'lmsyncd_x{{tenant="acme",who="{ACCOUNT}"}} 123456\nlmsyncd_y 7\n'
    )


async def planted(office: Office) -> None:
    """Into the store, the configuration, errors and the log."""
    desk = Desk(office)
    learner = {"name": NAME, "mbox": f"mailto:{MAIL}", "objectType": "Agent"}
    await desk.tell({**completed(ACCOUNT, at="2026-11-23T10:00:00Z"), "actor": learner}, correlation=f"req {MAIL}")
    await desk.tell(
        {
            **completed("ben", at="2026-11-23T11:00:00Z"),
            "actor": {**learner, "name": OTHER, "mbox": "mailto:z@krumholtz.example"},
        }
    )
    await desk.route()
    for state in (State.DEAD, State.PARKED):
        await desk.carry(state, cause=Cause.DESTINATION_GONE, detail=TEXT)
    store = office.store
    no = await store.audit.intend(
        "acme", Deed(who=f"{ACCOUNT} (uid 7)", what="pause", on=MAIL, arguments={"why": TEXT})
    )
    await store.audit.conclude("acme", no, "failed", TEXT)
    await store.chronicle.note([Happening(at_us=5, kind="deploy", words=TEXT, tenant="acme", subject=NAME)])
    await store.writer.submit(
        lambda raw: raw.execute(
            "INSERT INTO personas (tenant, source, user, person, name, known_us) VALUES ('acme', 's', ?, 1, ?, 5)",
            (ACCOUNT, "Will Order"),
        )
    )
    await office.strongroom.secrets.put("acme", "slack-bot", SECRET, by=NAME)
    person = PersonRow(home_page=URL, account=ACCOUNT, email=MAIL, display_name=OTHER)
    office.tenants["acme"] = msgspec.structs.replace(office.tenants["acme"], people=(person,), timezone="Europe/Berlin")
    office.checks = [Check(name="store", ok=False, detail=TEXT)]
    store.audit.mask = Redactor(lambda: {SECRET, PASSWORD}).text
    office.backstage = Backstage(log_lines, metrics_page)


def members(bundle: Path) -> dict[str, str]:
    with tarfile.open(bundle, "r:gz") as archive:
        assert {member.name.partition("/")[0] for member in archive.getmembers()} == {"lmsyncd-support"}
        assert {(member.uid, member.uname, member.mode) for member in archive.getmembers()} == {(0, "", 0o600)}
        return {
            member.name.partition("/")[2]: (archive.extractfile(member) or member).read().decode()  # type: ignore[union-attr]  # files all
            for member in archive.getmembers()
        }


async def bundled(folder: Path, name: str) -> dict[str, str]:
    ended = await run_ctl(folder, "support", str(folder / name))
    assert ended.returncode == Exit.OK, ended.stderr.decode()
    assert "look into it" in ended.stdout.decode()
    return await trio.to_thread.run_sync(members, folder / name)


async def test_nothing_that_was_planted_is_in_it_and_what_helps_is(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await planted(office)
        bundle = await bundled(tmp_path, "one.tar.gz")
        again = await bundled(tmp_path, "two.tar.gz")
        wanted, _ = await ask_office(office, p.Support(dry_run=True))
    assert {row.name for row in wanted} == set(bundle)
    found = [
        f"{word} in {name}"
        for name, text in bundle.items()
        for word in (*PLANTED, PASSWORD)
        if word.lower() in text.lower()
    ]
    assert found == []
    assert (tmp_path / "one.tar.gz").stat().st_mode & 0o777 == 0o600

    first, second, _, _, fifth, last = map(msgspec.json.decode, bundle["log.jsonl"].splitlines())
    assert "failed with channel_not_found at url-" in first["detail"]
    assert (second["lane"], second["attempt"], second["state"]) == ("acme/slack", 3, "dead")
    assert second["person"].startswith("mail-")
    assert second["person"] in first["detail"], "the same address is the same pseudonym"
    assert second["person"] not in again["log.jsonl"], "and another one in the next bundle"
    assert "Order" not in fifth["subject"], "a word of ours that is somebody's name"
    assert " to " in fifth["subject"]
    assert set(last) == {"unreadable"}
    assert first["time"] == "2026-11-29T10:00:00.000Z"
    assert 'tenant="acme"' in bundle["metrics.txt"]
    assert bundle["metrics.txt"].endswith(" 123456\nlmsyncd_y 7\n")
    assert '"cause":"destination_gone"' in bundle["stuck.jsonl"]
    assert "CREATE TABLE deliveries" in bundle["schema.sql"]
    assert '"step":"conservation"' in bundle["verify.jsonl"]
    assert '"what":"statements"' in bundle["storage.jsonl"]
    assert '"sqlite"' in bundle["versions.json"]
    assert '"kind":"xapi"' in bundle["config.jsonl"] or "acme" in bundle["config.jsonl"]


async def test_what_cannot_be_had_says_so_and_the_rest_is_there(tmp_path: Path) -> None:
    async with served(tmp_path) as office:

        async def unwell(level: str) -> Sequence[Check]:
            raise OSError(f"no answer from {NAME}")

        office.health = unwell  # type: ignore[method-assign]  # on purpose
        rows, done = await ask_office(office, p.Support())
    parts = {row.name: row.data for row in rows if isinstance(row, SupportPartRow)}
    assert b"could_not_be_had" in parts["health.jsonl"]
    assert NAME.encode() not in parts["health.jsonl"]
    assert b"CREATE TABLE" in parts["schema.sql"]
    assert done.exit_code == Exit.OK


def test_of_very_many_lines_the_newest_are_there() -> None:
    scrubber = Scrubber(b"k", {"no", "said"}, (), str)
    told = gathering.log([msgspec.json.encode({"no": n, "said": "x" * 60_000}) for n in range(100)], scrubber)
    numbers = [msgspec.json.decode(line)["no"] for line in told.splitlines()]
    assert numbers == list(range(numbers[0], 100))
    assert 10 < len(numbers) < 100


def scrubbed(text: str, persons: Sequence[str] = ()) -> str:
    return Scrubber(b"k", {"refused", "by", "the", "store", "Order"}, persons, lambda each: each).text(text)


def test_words_stay_only_if_they_are_known() -> None:
    assert scrubbed("refused by the store: 503, 30s, 12.5 %") == "refused by the store: 503, 30s, 12.5 %"
    assert scrubbed("refused by Ada").startswith("refused by x-")
    assert scrubbed("4471193").startswith("x-")
    assert scrubbed("Ada") == scrubbed("ADA") != scrubbed("Adam")
    assert scrubbed("the Order", ["order"]).startswith("the x-")
    assert scrubbed("6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10").startswith("id-")
    assert scrubbed("Ada Lovelace").count("x-") == 2
    assert "@" not in scrubbed("see <ada@example.edu>, ada@example.edu.")


def test_nesting_without_end_ends() -> None:
    endless: dict[str, object] = {}
    endless["the"] = endless
    assert "Ada" not in str(Scrubber(b"k", {"the"}, (), str).value({"the": [endless, "Ada"]}))
