"""A statement is voided: what it led to is taken back, and whoever heard of it hears how things stand."""

from pathlib import Path
from typing import Any

import msgspec
import trio
from world import Campus, completed, graded, open_campus, route, tenant, voiding

from config.model import Audience, Digest

GRADES = route("grades", "graded")
COMPLETIONS = route("completions", "completed")
UNDONE = route("undone", "completion_undone")


async def kinds(campus: Campus) -> list[tuple[str, str]]:
    return [(kind, state) for kind, state in await campus.rows("SELECT kind, state FROM deliveries ORDER BY seq")]


async def reason(campus: Campus, statement_id: str) -> str:
    [[found]] = await campus.rows(
        "SELECT o.reason FROM outcomes o JOIN statements s ON s.seq = o.seq WHERE s.id = ?",
        bytes.fromhex(statement_id.replace("-", "")),
    )
    return str(found)


async def hold(campus: Campus) -> None:
    await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())


async def release(campus: Campus) -> None:
    await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
    campus.switchboard.ready("acme/slack")
    await campus.quiet()


async def test_what_was_posted_is_corrected(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        await campus.tell(voiding(told))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "delivered"), ("completion_undone", "delivered")]
        assert len(campus.journal("slack")) == 2


async def test_what_waits_is_not_posted_and_nothing_is_corrected(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        await hold(campus)
        [told] = await campus.tell(completed("ada"))
        await campus.tell(completed("bob"))
        await trio.sleep(1)
        [void] = await campus.tell(voiding(told))
        await trio.sleep(1)
        await release(campus)
        assert await kinds(campus) == [("activity_completed", "cancelled"), ("activity_completed", "delivered")]
        assert await reason(campus, void) == "voiding: taken back before anybody was told"
        [[detail]] = await campus.rows("SELECT detail FROM deliveries WHERE state = 'cancelled'")
        assert detail == f"its statement was voided by {void}"


async def test_in_one_batch_with_its_voiding_nothing_is_told(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        await campus.tell(completed("ada"), voiding("00000000-0000-4000-8000-000000000001"), completed("bob"))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "delivered")]


async def test_a_voided_grade_gives_way_to_the_one_before(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await campus.tell(graded("ada", 80, at="2026-11-23T10:00:00Z"))
        [wrong] = await campus.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
        await campus.quiet()
        await campus.tell(voiding(wrong))
        await campus.quiet()
        changes = await campus.rows("SELECT change FROM deliveries WHERE state = 'delivered' ORDER BY seq")
        assert [b'"raw":80' in change for [change] in changes] == [True, False, True]
        await campus.tell(graded("ada", 85, at="2026-11-23T12:00:00Z"))  # and now it is so
        await campus.quiet()
        assert len(campus.journal("slack")) == 4


async def test_what_is_told_anew_in_its_place_is_news(tmp_path: Path, autojump_clock: object) -> None:
    """The LMS voids a wrong statement and tells the right one, of the same moment."""
    async with open_campus(tmp_path, tenant(GRADES, COMPLETIONS, UNDONE)) as campus:
        wrong = await campus.tell(graded("ada", 85), completed("ada"))
        await campus.quiet()
        for one in wrong:
            await campus.tell(voiding(one))
        await campus.tell(graded("ada", 58), completed("ada"))
        await campus.quiet()
        assert [kind for kind, _ in await kinds(campus)] == [
            "graded",
            "activity_completed",
            "completion_undone",
            "graded",
            "activity_completed",
        ]
        assert len(campus.journal("slack")) == 5


async def test_a_first_grade_is_taken_back_without_a_word(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        [told] = await campus.tell(graded("ada", 85))
        await campus.quiet()
        [void] = await campus.tell(voiding(told))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        assert "no word of ours says so" in await reason(campus, void)


async def test_what_somebody_else_told_too_stands(tmp_path: Path, autojump_clock: object) -> None:
    """Two sources told it; it is taken back when both took it back, in whichever order."""
    for order in ((0, 1), (1, 0)):
        async with open_campus(tmp_path / str(order[0]), tenant(COMPLETIONS, UNDONE)) as campus:
            told = [(await campus.tell(completed("ada")))[0] for _ in range(2)]
            await campus.quiet()
            [first] = await campus.tell(voiding(told[order[0]]))
            await campus.quiet()
            assert len(campus.journal("slack")) == 1
            assert "told the same" in await reason(campus, first)
            await campus.tell(voiding(told[order[1]]))
            await campus.quiet()
            assert [kind for kind, _ in await kinds(campus)] == ["activity_completed", "completion_undone"]


async def test_an_older_value_is_taken_back_without_touching_the_newer(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        [old] = await campus.tell(graded("ada", 80, at="2026-11-23T10:00:00Z"))
        [new] = await campus.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
        await campus.quiet()
        await campus.tell(voiding(old))
        await campus.tell(voiding(new))  # and nothing is left that could be told
        await campus.quiet()
        assert len(campus.journal("slack")) == 2


async def test_what_is_on_its_way_is_not_tried_again(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        campus.fault("slack", "reset_before_commit", operation="chat.postMessage", times=1)
        [told] = await campus.tell(completed("ada"))
        await trio.sleep(1)
        assert await kinds(campus) in ([("activity_completed", "claimed")], [("activity_completed", "unknown")])
        await campus.tell(voiding(told))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "cancelled"), ("completion_undone", "delivered")]
        assert len(campus.journal("slack")) == 1


async def test_a_voiding_that_is_voided_changes_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        [void] = await campus.tell(voiding(told))
        await campus.tell(voiding(void), voiding(told))
        await campus.quiet()
        assert [kind for kind, _ in await kinds(campus)] == ["activity_completed", "completion_undone"]


async def test_of_a_digest_what_was_voided_is_left_out(tmp_path: Path, autojump_clock: object) -> None:
    daily = route("daily", "completed", mode=Digest(digest="0 12 * * *"))
    async with open_campus(tmp_path, tenant(daily)) as campus:
        told = await campus.tell(completed("ada"), completed("bob"))
        await trio.sleep(1)
        await campus.tell(voiding(told[0]))
        await trio.sleep(4 * 3600)
        assert [state for _, state in await kinds(campus)] == ["cancelled", "delivered", "delivered"]


async def test_killed_in_between_it_is_undone_once(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        await campus.tell(voiding(told))
        await campus.die()
        await campus.again()
        await campus.quiet()
        await campus.die()
        await campus.again()
        await campus.quiet()
        assert [kind for kind, _ in await kinds(campus)] == ["activity_completed", "completion_undone"]
        assert len(campus.journal("slack")) == 2


async def test_what_it_had_replaced_is_told_after_all(tmp_path: Path, autojump_clock: object) -> None:
    """While the lane was held back, 85 took the place of 80: nobody had heard of either."""
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await hold(campus)
        await campus.tell(graded("ada", 80, at="2026-11-23T10:00:00Z"))
        await trio.sleep(1)
        [wrong] = await campus.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
        await trio.sleep(1)
        await campus.tell(voiding(wrong))
        await trio.sleep(1)
        await release(campus)
        assert await kinds(campus) == [("graded", "superseded"), ("graded", "cancelled"), ("graded", "delivered")]
        assert [change["score"]["raw"] for change in await posted(campus)] == [80]


async def test_what_was_told_too_late_is_told_after_all(tmp_path: Path, autojump_clock: object) -> None:
    role = route("roles", "role_changed")
    async with open_campus(tmp_path, tenant(role)) as campus:
        await hold(campus)
        [wrong] = await campus.tell(promoted("ada", "teacher", at="2026-11-23T11:00:00Z"))
        await campus.tell(promoted("ada", "student", at="2026-11-23T10:00:00Z"))
        await trio.sleep(1)
        await campus.tell(voiding(wrong))
        await trio.sleep(1)
        await release(campus)
        assert [state for _, state in await kinds(campus)] == ["cancelled", "superseded", "delivered"]
        assert [change["role"] for change in await posted(campus)] == ["student"]


async def test_what_waits_to_be_repeated_is_not_sent_again(tmp_path: Path, autojump_clock: object) -> None:
    """Its first attempt may have landed, so that it is corrected."""
    dm = route("dm", "completed", "completion_undone", to="teams", audience=Audience(learner=True))
    async with open_campus(tmp_path, tenant(dm)) as campus:
        campus.fault("teams", "reset_after_commit", operation="sendActivityNotification", times=1)
        campus.fault("teams", "rate_limited", operation="sendActivityNotification", times=1, value="60")
        [told] = await campus.tell(completed("ada"))
        await trio.sleep(20)
        assert await campus.rows("SELECT state FROM deliveries WHERE sent_us IS NOT NULL") == [("waiting",)]
        await campus.tell(voiding(told))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "cancelled"), ("completion_undone", "delivered")]
        assert len(campus.journal("teams")) == 2


async def test_what_was_parked_and_given_up_may_be_there_and_is_corrected(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        campus.fault("slack", "reset_after_commit", operation="chat.postMessage", times=1)
        campus.fault("slack", "error", operation="conversations.history", value="missing_scope", times=0)
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        [[parked]] = await campus.rows("SELECT lower(hex(id)) FROM deliveries WHERE state = 'parked'")
        await campus.store.queries.discard([parked], by="ada", now_us=campus.clock.now_us())
        await campus.tell(voiding(told))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "cancelled"), ("completion_undone", "delivered")]


async def test_a_dead_letter_that_was_given_up_is_not_corrected(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(COMPLETIONS, UNDONE)) as campus:
        campus.fault("slack", "archived")
        [told] = await campus.tell(completed("ada"))
        await campus.quiet()
        [[dead]] = await campus.rows("SELECT lower(hex(id)) FROM deliveries WHERE state = 'dead'")
        await campus.store.queries.discard([dead], by="ada", now_us=campus.clock.now_us())
        await campus.tell(voiding(told))
        await campus.quiet()
        assert await kinds(campus) == [("activity_completed", "cancelled")]


async def test_a_grade_that_stood_before_and_after_is_not_told_a_third_time(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(GRADES)) as campus:
        await campus.tell(graded("ada", 80, at="2026-11-23T10:00:00Z"))
        await campus.quiet()
        [between] = await campus.tell(graded("ada", 85, at="2026-11-23T11:00:00Z"))
        await campus.quiet()
        [again] = await campus.tell(graded("ada", 80, at="2026-11-23T12:00:00Z"))
        await campus.quiet()
        await campus.tell(voiding(between))
        await campus.tell(voiding(again))
        await campus.quiet()
        assert len(campus.journal("slack")) == 3


async def posted(campus: Campus) -> list[dict[str, Any]]:
    found = await campus.rows("SELECT change FROM deliveries WHERE state = 'delivered' ORDER BY seq")
    return [msgspec.json.decode(change) for [change] in found]


def promoted(who: str, role: str, *, at: str) -> dict[str, object]:
    """Somebody has another role in the course."""
    return {
        **completed(who, at=at),
        "object": {
            "id": "https://lms.example.edu/course/CS101",
            "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/course", "name": {"en": "Course CS101"}},
        },
        "verb": {"id": "urn:lmsyncd:verbs:role-changed"},
        "context": {"extensions": {"urn:lmsyncd:extensions:role": role}},
    }
