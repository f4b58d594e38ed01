"""A person as lists show them: name and colour."""

import json

from channels_yjs.wire.messages import AwarenessEntry

NAME_MAX_LENGTH = 40
NOBODY = "Somebody"

Person = dict[str, str]  # {"name": …, "color": …}


def describe(entry: AwarenessEntry) -> Person:
    """Reads a person from a state that may hold anything."""
    user = json.loads(entry.state).get("user")
    user = user if isinstance(user, dict) else {}
    name, color = user.get("name"), user.get("color")
    return {
        "name": name.strip()[:NAME_MAX_LENGTH] if isinstance(name, str) and name.strip() else NOBODY,
        "color": color if isinstance(color, str) else "",
    }
