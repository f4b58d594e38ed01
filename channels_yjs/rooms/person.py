"""A person as lists show them: name and colour, and whether they may only read."""

import json
from typing import Any

from channels_yjs.models import plain
from channels_yjs.wire.messages import LEFT, MAX_STATE_BYTES, Access, AwarenessEntry

NAME_MAX_LENGTH = 40
NOBODY = "Somebody"

Person = dict[str, Any]  # {"name": …, "color": …}, and for a reader "reads": True


def describe(entry: AwarenessEntry) -> Person:
    """Reads a person from a state that may hold anything."""
    user = json.loads(entry.state).get("user")
    user = user if isinstance(user, dict) else {}
    name, color = (plain(user[key]) if isinstance(user.get(key), str) else "" for key in ("name", "color"))
    person: Person = {"name": name.strip()[:NAME_MAX_LENGTH] or NOBODY, "color": color}
    return {**person, "reads": True} if user.get("reads") is True else person


def signed(state: str, name: str | None, access: Access) -> str:
    """A client's state as the server vouches for it: with the name of the account, if there is one, and with `reads`
    for those who may only read. Unchanged if it says so already. If it gets too long, or holds numbers that JSON does
    not have, only the person is left of it."""
    if state == LEFT:
        return state
    content: dict[str, Any] = json.loads(state)
    user = content.get("user")
    user = user if isinstance(user, dict) else {}
    vouched = {field: value for field, value in user.items() if field != "reads"}
    if access is Access.READ:
        vouched["reads"] = True
    if name is not None:
        vouched["name"] = name[:NAME_MAX_LENGTH]
    if vouched == user and (user.get("reads") is True) == (access is Access.READ):
        return state
    try:
        whole = json.dumps({**content, "user": vouched}, allow_nan=False)
        if len(whole) <= MAX_STATE_BYTES:
            return whole
    except (ValueError, RecursionError):
        pass
    color = {"color": user["color"][:NAME_MAX_LENGTH]} if isinstance(user.get("color"), str) else {}
    named = {"name": vouched["name"][:NAME_MAX_LENGTH]} if isinstance(vouched.get("name"), str) else {}
    reads = {"reads": True} if access is Access.READ else {}
    return json.dumps({"user": {**named, **color, **reads}})
