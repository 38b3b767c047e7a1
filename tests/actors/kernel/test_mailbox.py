"""Mailboxes: who waits, what is kept, and what becomes of questions."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from trio.testing import wait_all_tasks_blocked

from actors.kernel import ActorDied, AnsweredTwice, DeadlineExceeded, Mailbox, MailboxInUse
from actors.kernel.mailbox import Envelope


@dataclass(frozen=True)
class Hello:
    number: int


@dataclass(frozen=True)
class Question:
    reply: Callable[[str], None]


async def test_tell_waits_while_the_mailbox_is_full() -> None:
    mailbox: Mailbox[Hello] = Mailbox(1)
    await mailbox.address.tell(Hello(1))
    told = trio.Event()

    async def tell() -> None:
        await mailbox.address.tell(Hello(2))
        told.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        await wait_all_tasks_blocked()
        assert not told.is_set()
        assert (await mailbox.take()).message == Hello(1)
        await told.wait()
    assert (await mailbox.take()).message == Hello(2)


async def test_note_never_waits_and_counts_what_it_drops() -> None:
    mailbox: Mailbox[Hello] = Mailbox(2)
    assert [mailbox.address.note(Hello(n)) for n in range(4)] == [True, True, False, False]
    gauge = mailbox.gauge()
    assert (gauge.depth, gauge.capacity, gauge.high_water, gauge.dropped) == (2, 2, 2, 2)
    await mailbox.take()
    assert mailbox.address.note(Hello(5))
    assert [(await mailbox.take()).message.number for _ in range(2)] == [1, 5]
    assert mailbox.gauge().high_water == 2
    assert mailbox.depth == 0


async def test_equal_hints_are_one_until_it_is_read() -> None:
    mailbox: Mailbox[Hello] = Mailbox(3)
    assert all(mailbox.address.hint(Hello(1)) for _ in range(10))
    assert mailbox.address.hint(Hello(2))
    assert mailbox.depth == 2
    assert (await mailbox.take()).message == Hello(1)
    assert mailbox.address.hint(Hello(1))
    assert [(await mailbox.take()).message.number for _ in range(2)] == [2, 1]


async def test_a_hint_that_found_no_room_is_not_taken_for_a_waiting_one() -> None:
    mailbox: Mailbox[Hello] = Mailbox(1)
    mailbox.address.note(Hello(0))
    assert not mailbox.address.hint(Hello(1))
    assert mailbox.dropped == 1
    await mailbox.take()
    assert mailbox.address.hint(Hello(1))
    assert mailbox.depth == 1


async def test_a_hint_goes_in_once_for_a_reader_already_waiting() -> None:
    mailbox: Mailbox[Hello] = Mailbox(2)
    taken: list[Hello] = []

    async def read() -> None:
        taken.append((await mailbox.take()).message)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        assert mailbox.address.hint(Hello(1))
        assert mailbox.address.hint(Hello(1))
    assert taken == [Hello(1)]
    assert mailbox.depth == 0


async def test_ask_is_answered() -> None:
    mailbox: Mailbox[Question] = Mailbox(1)

    async def answer() -> None:
        (await mailbox.take()).message.reply("yes")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        assert await mailbox.address.ask(Question) == "yes"
    assert mailbox.gauge().unanswered == 0


async def test_ask_gives_up_at_its_deadline_and_the_question_is_never_read(autojump_clock: Any) -> None:
    mailbox: Mailbox[Question | Hello] = Mailbox(2)
    with pytest.raises(DeadlineExceeded):
        await mailbox.address.ask(Question, deadline_s=3)
    assert trio.current_time() == pytest.approx(3)
    await mailbox.address.tell(Hello(1))
    assert (await mailbox.take()).message == Hello(1)
    assert mailbox.gauge().expired == 1


async def test_the_deadline_includes_the_wait_for_room(autojump_clock: Any) -> None:
    mailbox: Mailbox[Question | Hello] = Mailbox(1)
    mailbox.address.note(Hello(1))
    with pytest.raises(DeadlineExceeded):
        await mailbox.address.ask(Question, deadline_s=3)
    assert mailbox.depth == 1


async def test_an_answer_after_the_deadline_is_dropped(autojump_clock: Any) -> None:
    mailbox: Mailbox[Question] = Mailbox(1)
    asked: list[Envelope[Question]] = []

    async def take() -> None:
        asked.append(await mailbox.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        with pytest.raises(DeadlineExceeded):
            await mailbox.address.ask(Question, deadline_s=1)
    asked[0].message.reply("late")
    asked[0].message.reply("and again: nobody hears it")
    assert mailbox.gauge().unanswered == 0


async def test_a_second_answer_is_an_error() -> None:
    mailbox: Mailbox[Question] = Mailbox(1)
    refused: list[AnsweredTwice] = []

    async def answer_twice() -> None:
        question = (await mailbox.take()).message
        question.reply("one")
        try:
            question.reply("two")
        except AnsweredTwice as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_twice)
        assert await mailbox.address.ask(Question) == "one"
    assert len(refused) == 1


async def test_release_fails_the_questions_in_hand_and_keeps_those_in_the_queue() -> None:
    mailbox: Mailbox[Question] = Mailbox(4)
    answers: dict[str, str] = {}

    async def ask(name: str) -> None:
        try:
            answers[name] = await mailbox.address.ask(Question)
        except ActorDied:
            answers[name] = "died"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, "first")
        await wait_all_tasks_blocked()
        nursery.start_soon(ask, "second")
        await wait_all_tasks_blocked()
        await mailbox.take()
        assert mailbox.gauge().unanswered == 1
        mailbox.release()
        assert mailbox.gauge().unanswered == 0
        await wait_all_tasks_blocked()
        assert answers == {"first": "died"}
        (await mailbox.take()).message.reply("yes")
    assert answers == {"first": "died", "second": "yes"}


async def test_closing_frees_all_who_wait_and_keeps_the_messages() -> None:
    mailbox: Mailbox[Question | Hello] = Mailbox(2)
    mailbox.adopt()
    mailbox.address.hint(Hello(1))
    died: list[str] = []

    async def tell() -> None:
        try:
            await mailbox.address.tell(Hello(9))
        except ActorDied:
            died.append("teller")

    async def ask() -> None:
        try:
            await mailbox.address.ask(Question)
        except ActorDied:
            died.append("asker")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        nursery.start_soon(tell)
        await wait_all_tasks_blocked()
        mailbox.close()
    assert sorted(died) == ["asker", "teller"]
    assert not mailbox.address.note(Hello(2))
    assert not mailbox.address.hint(Hello(1))
    with pytest.raises(ActorDied):
        await mailbox.address.tell(Hello(2))
    assert mailbox.gauge().depth == 1

    mailbox.adopt()
    assert mailbox.address.hint(Hello(1)), "the kept hint still waits"
    assert mailbox.depth == 1
    assert (await mailbox.take()).message == Hello(1)


async def test_a_mailbox_has_one_owner() -> None:
    mailbox: Mailbox[Hello] = Mailbox(1)
    mailbox.adopt()
    with pytest.raises(MailboxInUse):
        mailbox.adopt()
    mailbox.close()
    mailbox.adopt()


async def test_a_cancelled_take_loses_nothing() -> None:
    mailbox: Mailbox[Hello] = Mailbox(1)
    taken: list[Hello] = []

    async def take() -> None:
        with scope:
            taken.append((await mailbox.take()).message)

    async with trio.open_nursery() as nursery:
        scope = trio.CancelScope()
        nursery.start_soon(take)
        await wait_all_tasks_blocked()
        mailbox.address.note(Hello(1))
        scope.cancel()
    assert len(taken) + mailbox.depth == 1


class NotesAndHints(RuleBasedStateMachine):
    """Against a model: a plain queue, and the set of hints in it."""

    def __init__(self) -> None:
        super().__init__()
        self.capacity = 4
        self.mailbox: Mailbox[int] = Mailbox(self.capacity)
        self.queue: deque[tuple[int, bool]] = deque()
        self.dropped = 0
        self.high_water = 0

    def _put(self, number: int, hint: bool) -> bool:
        if hint and (number, True) in self.queue:
            return True
        if len(self.queue) == self.capacity:
            self.dropped += 1
            return False
        self.queue.append((number, hint))
        self.high_water = max(self.high_water, len(self.queue))
        return True

    @rule(number=st.integers(0, 3))
    def note(self, number: int) -> None:
        assert self.mailbox.address.note(number) is self._put(number, False)

    @rule(number=st.integers(0, 3))
    def hint(self, number: int) -> None:
        assert self.mailbox.address.hint(number) is self._put(number, True)

    @precondition(lambda self: self.queue)
    @rule()
    def take(self) -> None:
        assert trio.run(self.mailbox.take).message == self.queue.popleft()[0]

    @rule()
    def close_and_adopt(self) -> None:
        self.mailbox.close()
        self.mailbox.adopt()

    @invariant()
    def gauge_agrees(self) -> None:
        gauge = self.mailbox.gauge()
        assert (gauge.depth, gauge.dropped, gauge.high_water) == (len(self.queue), self.dropped, self.high_water)


TestNotesAndHints = NotesAndHints.TestCase
