"""Code that changes rights: `python -m e2e.faults.rights NOTE` reads lines such as `ada read` from its standard
input, and prints one for each after the commit. The words are write, read, none, login, which prints the key of the
session, logout, and recheck, which changes nothing."""

import os
import sys
from collections.abc import Callable

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")
django.setup()
if connection.vendor == "sqlite":  # whoever writes just now may take long on a slow disk
    connection.settings_dict["OPTIONS"]["timeout"] = 120

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from channels_yjs.access import recheck  # noqa: E402
from notes.models import Note  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"
keys: dict[str, str] = {}


def log_in(name: str) -> str:
    user, _ = get_user_model().objects.get_or_create(username=name)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    keys[name] = session.session_key or ""
    return keys[name]


def log_out(name: str) -> str:
    SessionStore(keys.pop(name)).delete()
    return "gone"


def allow(name: str, right: str) -> str:
    user = get_user_model().objects.get(username=name)
    user.groups.set([] if right == "none" else [Group.objects.get_or_create(name=right)[0]])
    return ask_again(name)


def ask_again(name: str) -> str:
    recheck(Note.objects.get(pk=sys.argv[1]))
    return name


ACTIONS: dict[str, Callable[[str], str]] = {"login": log_in, "logout": log_out, "recheck": ask_again}


def main() -> None:
    for line in sys.stdin:
        name, what = line.split()
        print(ACTIONS[what](name) if what in ACTIONS else allow(name, what), flush=True)


if __name__ == "__main__":
    main()
