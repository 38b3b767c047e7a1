"""What every source promises. ``source_stage`` says how to add a kind."""

from collections.abc import Callable

import msgspec
import pytest
from source_stage import ELSEWHERE, ORIGIN, Run, Stage

from actors.domain.canonical import REFERENCES
from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.harvest import Finished, Halted, Inbound, Order, Unheard
from actors.domain.school import School
from actors.domain.throttle import retry_after_s

CHECKS: list[Callable[[Stage], None]] = []
HTML = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"


def check(function: Callable[[Stage], None]) -> Callable[[Stage], None]:
    CHECKS.append(function)
    return function


def whole(stage: Stage) -> Run:
    """A full reading that went well."""
    run = stage.read()
    assert isinstance(run.ended, Finished), run.ended
    return run


# ── the plain way ────────────────────────────────────────────────────────────────────────────────────


@check
def names_its_kind_and_its_home(stage: Stage) -> None:
    assert stage.source.kind == stage.setup.kind
    assert stage.source.polls
    if stage.setup.told(stage.school):
        assert stage.source.home_page.startswith(("http://", "https://", "urn:"))


@check
def hello_proves_the_credentials(stage: Stage) -> None:
    run = stage.run(stage.source.hello())
    assert isinstance(run.ended, Finished), run.ended
    assert run.requests
    assert not run.records


@check
def a_full_reading_tells_everything(stage: Stage) -> None:
    run = whole(stage)
    for entity, count in stage.setup.told(stage.school).items():
        assert len(run.ids(entity)) >= count, entity
    assert run.records or run.statements
    assert run.cursors, "without a cursor the next reading would begin anew"


@check
def what_is_referred_to_comes_first(stage: Stage) -> None:
    """By the order of entities: nothing of an entity before the last of those it names."""
    seen: dict[str, int] = {}
    for place, record in enumerate(whole(stage).records):
        seen.setdefault(record.entity, place)
    for entity, first in seen.items():
        for _, named in REFERENCES[entity]:
            assert named not in seen or seen[named] < first, f"{entity} before {named}"


@check
def ids_are_those_of_the_school_and_stay(stage: Stage) -> None:
    first, again = whole(stage), whole(stage)
    assert first.bodies().keys() == again.bodies().keys()
    assert all(record.id and record.form.isidentifier() for record in first.records)


@check
def a_second_reading_tells_nothing_new(stage: Stage) -> None:
    first = whole(stage)
    stage.later()
    again = whole(stage)
    assert {key: said[-1] for key, said in again.bodies().items()} == {
        key: said[-1] for key, said in first.bodies().items()
    }
    assert again.statements == first.statements


@check
def asking_what_is_new_costs_the_fewest_requests(stage: Stage) -> None:
    first = whole(stage)
    stage.later()
    settled = stage.read("delta", first.cursor)
    assert isinstance(settled.ended, Finished), settled.ended
    stage.later()
    again = stage.read("delta", settled.cursor)
    assert isinstance(again.ended, Finished)
    assert len(again.requests) <= stage.setup.delta_requests
    _nothing_new(first, again)


@check
def a_change_is_told_once(stage: Stage) -> None:
    first = whole(stage)
    stage.later()
    _happen(stage.school, stage.now_s)
    stage.later()
    news = stage.read("delta", first.cursor)
    assert isinstance(news.ended, Finished), news.ended
    fresh = [key for key, said in news.bodies().items() if said[-1] not in first.bodies().get(key, [])]
    statements = [one for one in news.statements if one not in first.statements]
    assert fresh or statements, "what happened is not told"
    stage.later()
    after = stage.read("delta", news.cursor)
    assert isinstance(after.ended, Finished)
    known = {key: said[-1] for key, said in (first.bodies() | news.bodies()).items()}
    assert all(said[-1] == known.get(key) for key, said in after.bodies().items()), "it is told as news once more"
    assert all(one in first.statements or one in news.statements for one in after.statements)


@check
def a_delta_without_a_cursor_is_answered_too(stage: Stage) -> None:
    run = stage.read("delta", {})
    assert isinstance(run.ended, Finished), run.ended


@check
def a_cursor_that_makes_no_sense_ends_nothing(stage: Stage) -> None:
    run = stage.read("delta", dict.fromkeys(whole(stage).cursor, "nonsense") | {"other": "\x00"})
    assert run.ended is not None


@check
def a_backfill_leaves_the_cursor(stage: Stage) -> None:
    order = Order(
        mode="backfill",
        cursor={},
        now_us=round(stage.now_s * 1e6),
        since="2026-01-01T00:00:00Z",
        until="2026-12-31T00:00:00Z",
    )
    run = stage.run(stage.source.harvest(order))
    assert run.ended is not None
    assert not run.cursors
    assert not run.wholes


@check
def who_left_is_found_gone_by_a_full_reading_or_said_to_be(stage: Stage) -> None:
    if not stage.setup.whole:
        return
    first = whole(stage)
    left = next(each for each in stage.school.memberships.values() if each.role == "student")
    stage.later()
    stage.school.change_membership(left, stage.now_s, state="deleted")
    stage.later()
    again = whole(stage)
    told_whole = any(one.entity == "enrolment" for one, _ in again.wholes)
    before, after = first.bodies(), again.bodies()
    missing = [key for key in before if key[0] == "enrolment" and key not in after]
    changed = [key for key in after if key[0] == "enrolment" and after[key][-1] != before.get(key, [b""])[-1]]
    assert (missing and told_whole) or changed, "who left is still there"


@check
def a_cursor_is_small(stage: Stage) -> None:
    assert len(msgspec.json.encode(whole(stage).cursor)) < 4_096


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────────


def garbled(outcome: Outcome) -> list[Outcome]:
    """What may come instead of an answer."""
    made: list[Outcome] = [
        Lost("no whole answer within 30 s"),
        NotSent("no connection"),
        Response(status=500, headers={"content-type": "text/html"}, body=HTML),
        Response(status=502, headers={}, body=b""),
        Response(status=503, headers={"content-type": "text/html"}, body=HTML),
        Response(status=200, headers={"content-type": "text/html"}, body=HTML),
        Response(status=200, headers={"content-type": "application/json"}, body=b"\xff\xfe\x00garbage"),
        Response(status=200, headers={"content-type": "application/json"}, body=b"[" * 100_000),
        Response(status=302, headers={"location": f"{ELSEWHERE}/login"}, body=b""),
    ]
    if isinstance(outcome, Response) and len(outcome.body) > 2:
        made.append(msgspec.structs.replace(outcome, body=outcome.body[: len(outcome.body) // 2]))
    return made


@check
def nothing_is_called_whole_that_is_not(stage: Stage) -> None:
    """Whatever comes instead of whichever answer: the reading ends halted, or it has told everything all the same."""
    clean = whole(stage)
    everything = _things(clean)
    for number in range(len(clean.requests)):
        for which in range(len(garbled(Response(status=200, body=b"{}{}")))):

            def meddle(count: int, request: Request, outcome: Outcome, n: int = number, w: int = which) -> Outcome:
                return (garbled(outcome) * 2)[w] if count == n else outcome

            run = stage.read(meddle=meddle)
            where = f"request {number} ({clean.requests[number].operation}), answer {which}"
            assert run.ended is not None
            for said, told in run.wholes:
                lacking = everything.get((said.entity, said.scope), set()) - told
                assert not lacking, f"{where}: {said} was not whole: {sorted(lacking)[:3]}"
            if isinstance(run.ended, Finished):
                assert _things(run) == everything, f"{where}: it finished without having told everything"
                assert run.statements == clean.statements, where


@check
def when_everything_fails_it_says_so(stage: Stage) -> None:
    for which, answer in enumerate(garbled(Response(status=200, body=b"{}"))):
        run = stage.read(meddle=lambda count, request, outcome, a=answer: a)  # type: ignore[misc]
        assert isinstance(run.ended, Halted), which
        assert run.ended.detail
        assert not run.wholes
        assert run.ended.why in ("unavailable", "faulted", "refused"), which
        if not isinstance(answer, Response) or answer.status >= 500:
            assert run.ended.why in ("unavailable", "faulted"), which


@check
def being_throttled_is_recognised_at_every_request(stage: Stage) -> None:
    whole(stage)  # a token may be kept from now on
    clean = whole(stage)
    for number in range(len(clean.requests)):
        stage.fault(stage.setup.throttled_status, "7", times=0, skip=number)
        run = stage.read()
        stage.fake.clear_faults()
        assert isinstance(run.ended, Halted), number
        assert run.ended.why == "throttled", (number, run.ended)
        if stage.setup.retry_after:
            assert retry_after_s(run.ended.retry_after, round(stage.now_s * 1e6)) == 7.0


@check
def dead_credentials_are_recognised(stage: Stage) -> None:
    stage.fault("revoked", times=0)
    for run in (stage.read(), stage.run(stage.build().hello())):
        assert isinstance(run.ended, Halted)
        assert run.ended.why == "revoked", run.ended
        assert not run.records


@check
def it_goes_on_once_all_is_well_again(stage: Stage) -> None:
    clean = whole(stage)
    for kind, value in (("status", "503"), ("html", ""), ("revoked", ""), ("reset_before_commit", "")):
        stage.fault(kind, value, times=0)
        assert isinstance(stage.read().ended, Halted), kind
        stage.fake.clear_faults()
        again = stage.read()
        assert isinstance(again.ended, Finished), (kind, again.ended)
        assert _things(again) == _things(clean), kind


@check
def no_request_leaves_the_origin(stage: Stage) -> None:
    """``Stage.ask`` refuses whatever goes elsewhere; here every address in every answer names another host."""

    def meddle(count: int, request: Request, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Response):
            return outcome
        headers = {name: value.replace(ORIGIN, ELSEWHERE) for name, value in outcome.headers.items()}
        body = outcome.body.replace(ORIGIN.encode(), ELSEWHERE.encode())
        return msgspec.structs.replace(outcome, headers=headers, body=body)

    clean = whole(stage)
    run = stage.read(meddle=meddle)
    assert isinstance(run.ended, Halted) or set(run.bodies()) == set(clean.bodies())
    for said, told in run.wholes:
        assert told >= _things(clean).get((said.entity, said.scope), set())


@check
def secrets_show_nowhere(stage: Stage) -> None:
    run = whole(stage)
    shown = [repr(stage.source), repr(run.cursor), *(repr(record) for record in run.records)]
    for request in run.requests:
        shown += [request.url, request.operation, repr(request.headers), repr(request.draws)]
    stage.fault("revoked", times=0)
    shown.append(repr(stage.read().ended))
    for name, secret in stage.setup.secrets.items():
        if secret != "sandbox":  # the word itself may stand anywhere
            assert not any(secret in each for each in shown), f"{name} shows"


@check
def a_reading_may_be_broken_off_at_any_step(stage: Stage) -> None:
    whole(stage)  # a token may be kept from now on
    steps = len(whole(stage).requests)
    for number in range(min(steps, 20)):
        order = Order(mode="full", cursor={}, now_us=round(stage.now_s * 1e6))
        harvest = stage.source.harvest(order)

        class Enough(Exception):
            pass

        def meddle(count: int, request: Request, outcome: Outcome, n: int = number) -> Outcome:
            if count == n:
                raise Enough
            return outcome

        with pytest.raises(Enough):
            stage.run(harvest, meddle=meddle)
        harvest.close()
    assert isinstance(stage.read().ended, Finished)


@check
def what_is_posted_by_nobody_we_know_is_refused(stage: Stage) -> None:
    for body in (b"", b"{}", HTML, b"\xff", b"[" * 50_000, b"a.b.c", msgspec.json.encode({"rows": [1]})):
        inbound = Inbound(headers={"content-type": "application/json"}, query="", body=body)
        answer = stage.hear(stage.source.hear(inbound, round(stage.now_s * 1e6)))
        assert isinstance(answer, Unheard), answer
        assert 400 <= answer.status < 600
        assert answer.detail


# ── what they have in common ─────────────────────────────────────────────────────────────────────────


def _things(run: Run) -> dict[tuple[str, str | None], set[str]]:
    """Ids told, by (entity, scope), and by entity in all."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for record in run.records:
        if not record.gone:
            found.setdefault((record.entity, record.scope), set()).add(record.id)
            found.setdefault((record.entity, None), set()).add(record.id)
    return found


def _nothing_new(first: Run, again: Run) -> None:
    known = first.bodies()
    assert all(said[-1] == known.get(key, [b""])[-1] for key, said in again.bodies().items())
    assert all(one in first.statements for one in again.statements)


def _happen(school: School, now_s: float) -> None:
    """Somebody new joins a course, hands in its paper and has a mark."""
    course = next(iter(school.courses.values()))
    work = next(each for each in school.works.values() if each.course == course.id)
    person = school.add_person("Alan", "Turing", now_s)
    school.enrol(person, course, now_s)
    school.submit(work, person, now_s)
    school.grade(work, person, 64.0, now_s)
