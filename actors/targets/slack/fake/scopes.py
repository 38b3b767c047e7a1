"""Which scopes each method of the fake demands of a token; any one of those listed does."""

from actors.targets.slack.fake.arguments import Arguments

BY_HAND = (
    "chat:write,chat:write.public,channels:history,groups:history,im:history,im:write,users:read,users:read.email,"
    "channels:read,groups:read,im:read,mpim:read,mpim:history,channels:manage,groups:write,usergroups:read,"
    "usergroups:write"
)
"""What the token ``xoxb-sandbox`` may do: all that the sandbox has methods for."""

_FIXED: dict[str, tuple[str, ...]] = {
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "users.lookupByEmail": ("users:read.email",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "conversations.open": ("im:write", "mpim:write", "groups:write", "channels:manage"),
    "conversations.list": ("channels:read", "groups:read"),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "usergroups.create": ("usergroups:write",),
    "usergroups.users.update": ("usergroups:write",),
    "usergroups.enable": ("usergroups:write",),
    "usergroups.disable": ("usergroups:write",),
}
_CHANGING = frozenset({"conversations.invite", "conversations.kick", "conversations.setTopic"})
_BY_KIND = {
    "conversations.history": "history",
    "conversations.replies": "history",
    "conversations.info": "read",
    "conversations.members": "read",
}
_KINDS = {"C": ("channels", "groups"), "G": ("groups", "mpim"), "D": ("im",)}


def demanded(method: str, given: Arguments) -> tuple[str, ...]:
    """Empty: any token does. What a method that reads demands goes by the kind of conversation."""
    if method in _BY_KIND:
        kinds = _KINDS.get(given.text("channel")[:1], ("channels",))
        return tuple(f"{kind}:{_BY_KIND[method]}" for kind in kinds)
    if method == "conversations.create":
        return ("groups:write",) if given.flag("is_private") else ("channels:manage",)
    if method in _CHANGING:
        return ("groups:write",) if given.text("channel").startswith("G") else ("channels:manage", "groups:write")
    return _FIXED.get(method, ())
