"""A statement that refers to another is found by what the other says, whoever came first."""

from itertools import permutations

import pytest
from log_world import AUTHORITIES, IDS, VOIDED, Json, provenance
from searched_log import Searched

from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import CHAIN_MAX, Wanted
from daemon.gateway.ports import StatementQuery
from daemon.store import indexing


def verb(number: int) -> str:
    return f"http://verbs.example.edu/{number}"


def plain(number: int, thing: Json | None = None) -> Json:
    """Each has an id, an actor and a verb of its own."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "actor": {"mbox": f"mailto:p{number}@example.edu"},
        "verb": {"id": verb(number)},
        "object": thing or {"id": "http://lms.example.edu/course/1"},
    }


def referring(number: int, to: int) -> Json:
    return plain(number, {"objectType": "StatementRef", "id": plain(to)["id"].upper()})


def of(log: Searched, numbers: list[int]) -> list[int]:
    """The places of these in the log."""
    sql = "SELECT seq FROM statements WHERE id = ?"
    names = [bytes.fromhex(plain(number)["id"].replace("-", "")) for number in numbers]
    return sorted(log.raw.execute(sql, (name,)).fetchone()[0] for name in names)


async def by_verb(log: Searched, number: int) -> list[int]:
    query = StatementQuery(limit=100, ascending=True, wanted=Wanted(verb=verb(number)))
    found = await log.found("acme", query)
    assert found == log.walked("acme", query)
    return found


CHAIN = [plain(0), referring(1, 0), referring(2, 1), referring(3, 2)]
CIRCLE = [referring(0, 3), referring(1, 0), referring(2, 1), referring(3, 2)]
STAR = [plain(0), referring(1, 0), referring(2, 0), referring(3, 1)]
REACHED = {
    "chain": (CHAIN, {0: [0, 1, 2, 3], 1: [1, 2, 3], 2: [2, 3], 3: [3]}),
    "circle": (CIRCLE, {number: [0, 1, 2, 3] for number in range(4)}),
    "star": (STAR, {0: [0, 1, 2, 3], 1: [1, 3], 2: [2], 3: [3]}),
}


@pytest.mark.parametrize(("awaiting_max", "links_max"), [(256, 16), (1, 16), (256, 2)])
@pytest.mark.parametrize("shape", list(REACHED))
async def test_in_any_order_of_arrival(
    shape: str, awaiting_max: int, links_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "AWAITING_MAX", awaiting_max)
    monkeypatch.setattr(indexing, "LINKS_MAX", links_max)
    statements, reached = REACHED[shape]
    for order in permutations(statements):
        for together in (1, 2):
            log = Searched()
            for start in range(0, 4, together):
                log.tell(provenance(), list(order[start : start + together]), 100)
                for number in range(4):
                    await by_verb(log, number)
            for number, found in reached.items():
                assert await by_verb(log, number) == of(log, found), (order, together)
            await log.engine.close()


async def test_what_a_great_many_await_touches_no_more_than_the_bound_when_it_comes() -> None:
    log = Searched()
    many = list(range(1, indexing.AWAITING_MAX + 40))
    for number in many:
        log.tell(provenance(), [referring(number, 0)], 100)
    before = log.raw.total_changes
    log.tell(provenance(), [plain(0)], 100)
    assert log.raw.total_changes - before < indexing.AWAITING_MAX * 6
    query = StatementQuery(limit=1000, ascending=True, wanted=Wanted(verb=verb(0)))
    assert await log.found("acme", query) == of(log, [0, *many])
    await log.engine.close()


async def test_a_chain_is_followed_so_far_and_no_further() -> None:
    log = Searched()
    for number in range(CHAIN_MAX + 2):
        log.tell(provenance(), [referring(number, number - 1) if number else plain(0)], 100)
    assert await by_verb(log, 0) == of(log, list(range(CHAIN_MAX)))
    await log.engine.close()


async def test_all_conditions_must_be_met_by_one_statement_of_the_chain() -> None:
    log = Searched()
    log.tell(provenance(), [plain(0), referring(1, 0)], 0)
    mixed = Wanted(verb=verb(1), agent=agent_key(plain(0)["actor"]))
    assert await log.found("acme", StatementQuery(limit=9, wanted=mixed)) == []
    await log.engine.close()


async def test_times_and_the_credential_are_those_of_the_referring_statement() -> None:
    log = Searched()
    log.tell(provenance(), [plain(0)], 0)
    log.tell(provenance(authority=AUTHORITIES[1]), [referring(1, 0)], 100)
    log.tell(provenance(), [referring(2, 0)], 100)
    first, second, third = log.seqs()
    wanted = Wanted(verb=verb(0))
    assert await log.found("acme", StatementQuery(limit=9, since_us=first, wanted=wanted)) == [third, second]
    assert await log.found("acme", StatementQuery(limit=9, until_us=first, wanted=wanted)) == [first]
    own = StatementQuery(limit=9, authority=AUTHORITIES[1], wanted=wanted)
    assert await log.found("acme", own) == [], "what others say was told to one who may read only their own"
    own = StatementQuery(limit=9, authority=AUTHORITIES[0], wanted=wanted)
    assert await log.found("acme", own) == [third, first]
    await log.engine.close()


@pytest.mark.parametrize("voider_first", [True, False])
async def test_a_voider_is_found_where_the_voided_would_have_been(voider_first: bool) -> None:
    log = Searched()
    voided, voider = plain(0), {**referring(1, 0), "verb": {"id": VOIDED}}
    for one in (voider, voided) if voider_first else (voided, voider):
        log.tell(provenance(), [one], 100)
    assert await by_verb(log, 0) == of(log, [1])
    await log.engine.close()


async def test_another_tenants_statement_of_that_id_is_not_meant() -> None:
    log = Searched()
    log.tell(provenance("globex"), [plain(0)], 0)
    log.tell(provenance(), [referring(1, 0)], 100)
    for tenant, n in (("acme", 0), ("globex", 1)):
        assert len(await log.found(tenant, StatementQuery(limit=9, wanted=Wanted(verb=verb(0))))) == n
    await log.engine.close()


async def test_what_is_removed_leaves_nothing_behind() -> None:
    log = Searched()
    for one in (referring(3, 2), referring(2, 1), plain(0), referring(1, 0), *[plain(n) for n in range(4, 90)]):
        log.tell(provenance(), [one], 1)
    log.raw.execute("DELETE FROM facts WHERE name = 'removed_seq'")
    seqs = log.seqs()
    for some in (seqs[:2], seqs[40:], seqs[2:40]):
        indexing.remove(log.raw, "acme", some)
        log.raw.executemany("DELETE FROM statements WHERE seq = ?", [(seq,) for seq in some])
        for number in range(4):
            await by_verb(log, number)
    assert log.raw.execute("SELECT count(*) FROM finder").fetchone() == (0,)
    assert log.raw.execute("SELECT count(*) FROM referrers").fetchone() == (0,)
    log.now_us = 0
    log.tell(provenance(), [{**plain(0), "id": IDS[0]}], 0)
    assert log.seqs()[0] > seqs[-1], "a place in the log was given twice"
    await log.engine.close()


async def test_a_store_from_before_the_index_catches_up_and_goes_on_where_it_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexing, "CATCH_UP", 2)
    log = Searched()
    for one in (referring(3, 2), referring(2, 1), plain(0), referring(1, 0)):
        log.tell(provenance(), [one], 100)
    log.tell(provenance("globex"), [plain(7)], 100)
    log.raw.execute("DELETE FROM finder")
    log.raw.execute("DELETE FROM referrers")
    log.raw.execute("INSERT INTO facts VALUES ('unfound_after', '-1')")
    log.raw.execute("BEGIN")
    assert indexing._some(log.raw, -1) == 2
    log.raw.execute("COMMIT")
    assert indexing.catch_up(log.raw) == 3
    for number in range(4):
        assert await by_verb(log, number) == of(log, list(range(number, 4)))
    assert len(await log.found("globex", StatementQuery(limit=9, wanted=Wanted(verb=verb(7))))) == 1
    assert indexing.catch_up(log.raw) == 0
    await log.engine.close()
