"""The Web API methods of user groups. A group takes everybody at once, and nobody at all it does not take."""

from actors.targets.slack.fake.arguments import Arguments, Refusal
from actors.targets.slack.fake.inviting import check_name
from actors.targets.slack.fake.rooms import Group
from actors.targets.slack.fake.workspace import BOT_USER, TEAM, Workspace

Fields = dict[str, object]
GROUPS_MAX = 10_000
DESCRIPTION_CHARS_MAX = 140


def usergroups_list(space: Workspace, given: Arguments, now_s: float) -> Fields:
    disabled, users, count = (given.flag(f"include_{what}") for what in ("disabled", "users", "count"))
    found = [each for each in space.rooms.groups.values() if disabled or not each.disabled_s]
    return {"usergroups": [_shown(each, users=users, count=count) for each in found]}


def usergroups_users_list(space: Workspace, given: Arguments, now_s: float) -> Fields:
    group = _group(space, given)
    if group.disabled_s and not given.flag("include_disabled"):
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}


def usergroups_create(space: Workspace, given: Arguments, now_s: float) -> Fields:
    name = given.text("name")
    if not name:
        raise Refusal("missing_subteam_name")
    handle = given.text("handle") or name
    try:
        check_name(handle)
    except Refusal:
        raise Refusal("bad_handle") from None
    if len(given.text("description")) > DESCRIPTION_CHARS_MAX:
        raise Refusal("description_too_long")
    if space.named(handle):
        raise Refusal("handle_already_exists")
    if space.named(name):
        raise Refusal("name_already_exists")
    if len(space.rooms.groups) >= GROUPS_MAX:
        raise Refusal("service_unavailable")
    group = Group(space.new_id("S"), handle, name, given.text("description"), created_s=now_s, changed_s=now_s)
    space.effect("usergroups.create", group.id, given, now_s)
    space.rooms.groups[group.id] = group
    return {"usergroup": _shown(group, users=True, count=False)}


def usergroups_users_update(space: Workspace, given: Arguments, now_s: float) -> Fields:
    group = _group(space, given)
    users = given.listed("users")
    if not users:
        raise Refusal("no_users_provided")
    if group.disabled_s and not space.terms.disabled_groups_change:
        raise Refusal("no_such_subteam")
    for user in users:
        try:
            person = space.somebody(user)
        except Refusal:
            raise Refusal("invalid_users") from None
        if person.deleted:
            raise Refusal("failed_for_some_users")
    if space.rooms.replace(group, users, now_s):
        space.effect("usergroups.users.update", group.id, given, now_s)
    return {"usergroup": _shown(group, users=True, count=given.flag("include_count"))}


def usergroups_enable(space: Workspace, given: Arguments, now_s: float) -> Fields:
    return _switched(space, given, now_s, on=True)


def usergroups_disable(space: Workspace, given: Arguments, now_s: float) -> Fields:
    return _switched(space, given, now_s, on=False)


def _switched(space: Workspace, given: Arguments, now_s: float, *, on: bool) -> Fields:
    group = _group(space, given)
    if space.rooms.switch(group, BOT_USER, now_s, on=on):
        space.effect(f"usergroups.{'enable' if on else 'disable'}", group.id, given, now_s)
    return {"usergroup": _shown(group, users=True, count=False)}


def _group(space: Workspace, given: Arguments) -> Group:
    group = space.rooms.groups.get(given.required("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return group


def _shown(group: Group, *, users: bool, count: bool) -> Fields:
    """As Slack shows it; the count is a text there."""
    told: Fields = {
        "id": group.id,
        "team_id": TEAM,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": group.description,
        "date_create": int(group.created_s),
        "date_update": int(group.changed_s),
        "date_delete": int(group.disabled_s),
        "created_by": BOT_USER,
        "deleted_by": group.disabled_by or None,
    }
    told |= {"users": list(group.users)} if users else {}
    return told | ({"user_count": str(len(group.users))} if count else {})
