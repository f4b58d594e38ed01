"""A person as lists show them: name and colour, whether they may only read, and whether they chose the name."""

import json
from collections.abc import Set
from typing import Any

from channels_yjs.names import plain
from channels_yjs.wire.messages import LEFT, MAX_STATE_BYTES, AwarenessEntry

NAME_MAX_LENGTH = 40
NOBODY = "Somebody"
READS, GUEST = "reads", "guest"  # may only read; chose the name, where others have accounts
MARKS = (READS, GUEST)

Person = dict[str, Any]  # {"name": …, "color": …}, and True for each mark


def describe(entry: AwarenessEntry) -> Person:
    """Reads a person from a state that may hold anything."""
    user = json.loads(entry.state).get("user")
    user = user if isinstance(user, dict) else {}
    name, color = (plain(user[key]) if isinstance(user.get(key), str) else "" for key in ("name", "color"))
    marks = {mark: True for mark in MARKS if user.get(mark) is True}
    return {"name": name.strip()[:NAME_MAX_LENGTH] or NOBODY, "color": color, **marks}


def signed(state: str, name: str | None, marks: Set[str]) -> str:
    """A client's state as the server vouches for it: with the name of the account, if there is one, and with these
    marks and no others. Unchanged if it says so already. If it gets too long, or holds numbers that JSON does not
    have, only the person is left of it."""
    if state == LEFT:
        return state
    content: dict[str, Any] = json.loads(state)
    user = content.get("user")
    user = user if isinstance(user, dict) else {}
    vouched = {field: value for field, value in user.items() if field not in MARKS} | dict.fromkeys(marks, True)
    if name is not None:
        vouched["name"] = name[:NAME_MAX_LENGTH]
    if vouched == user and all(user[mark] is True for mark in marks):  # 1 equals True, too
        return state
    try:
        whole = json.dumps({**content, "user": vouched}, allow_nan=False)
        if len(whole) <= MAX_STATE_BYTES:
            return whole
    except (ValueError, RecursionError):
        pass
    texts = {field: vouched[field] for field in ("name", "color") if isinstance(vouched.get(field), str)}
    short = {field: text[:NAME_MAX_LENGTH] for field, text in texts.items()}
    return json.dumps({"user": {**short, **dict.fromkeys(marks, True)}})
