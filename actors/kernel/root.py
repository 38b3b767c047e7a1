"""The top of the tree: what all supervisors share, and the way to run the first of them."""

from collections.abc import Callable

import trio

from actors.kernel.registry import Node, Registry
from actors.kernel.supervisor import Escalated, Supervisor
from actors.ports import Clock, Dice


class Kernel:
    """One tree of actors. ``on_trouble(path, error)`` hears of every crash, with its traceback; it must not fail."""

    def __init__(
        self,
        *,
        clock: Clock,
        dice: Dice,
        on_trouble: Callable[[str, Exception], None],
    ) -> None:
        self.registry = Registry()
        self.clock = clock
        self.dice = dice
        self.on_trouble = on_trouble

    async def run(
        self,
        root: Supervisor,
        *,
        name: str = "root",
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run the tree until it is cancelled or ``root.stop()`` is called; raises Escalated if it gives up.

        With ``nursery.start`` it is waited for until every child of the root had its first turn, good or bad.
        """
        node = Node(name, name, self.clock)
        node.starts = 1
        node.move("starting")
        self.registry.root = node
        told = False

        def tried() -> None:
            nonlocal told
            if not told:
                told = True
                task_status.started()

        def up() -> None:
            node.move("running")
            tried()

        try:
            await root.live(self, node, up=up, tried=tried)
        except Escalated as error:
            node.trouble(error)
            node.move("failed")
            raise
        finally:
            if node.state != "failed":
                node.move("stopped")
