"""The actor kernel: mailboxes, actors, supervisors, and the tree they make. It knows nothing of schools.

Read ``mailbox`` (with ``reply``), then ``actor`` (the receive loop), ``budget`` and ``strategy`` (the pure rules of
restarting), ``child`` and ``supervisor`` (the rules at work), ``registry`` (what an operator sees) and ``root`` (how a
tree is run). ``converse`` stands apart: it drives a connector's conversation.
"""

from actors.kernel.actor import Actor, GraceExceeded, StartTooSlow
from actors.kernel.budget import Backoff, Budget
from actors.kernel.child import ChildSpec, Restart
from actors.kernel.converse import ConversationTooLong, converse
from actors.kernel.mailbox import Address, Envelope, Mailbox, MailboxGauge, MailboxInUse, current_envelope
from actors.kernel.registry import LastError, NoSuchActor, Registry, TreeEntry
from actors.kernel.reply import ActorDied, AnsweredTwice, DeadlineExceeded, Reply
from actors.kernel.root import Kernel
from actors.kernel.strategy import State, Strategy
from actors.kernel.supervisor import DuplicateChild, Escalated, NotSupervising, Supervisor

__all__ = [
    "Actor",
    "ActorDied",
    "Address",
    "AnsweredTwice",
    "Backoff",
    "Budget",
    "ChildSpec",
    "ConversationTooLong",
    "DeadlineExceeded",
    "DuplicateChild",
    "Envelope",
    "Escalated",
    "GraceExceeded",
    "Kernel",
    "LastError",
    "Mailbox",
    "MailboxGauge",
    "MailboxInUse",
    "NoSuchActor",
    "NotSupervising",
    "Registry",
    "Reply",
    "Restart",
    "StartTooSlow",
    "State",
    "Strategy",
    "Supervisor",
    "TreeEntry",
    "converse",
    "current_envelope",
]
