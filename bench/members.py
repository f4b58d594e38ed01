"""The members of a meeting in examples/minutes/, in its folder: `python -m bench.members create PEOPLE` prints the
meeting's key and a session for each; `… lose MEETING` takes the right of every second one when a line comes in.
"""

import json
import sys
import time
from importlib import import_module
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402
from minutes.models import Meeting  # type: ignore[import-not-found]  # noqa: E402

from channels_yjs.access import recheck  # noqa: E402

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


@transaction.atomic
def create(people: int) -> dict[str, Any]:
    owner = User.objects.create(username="ada")
    meeting = Meeting.objects.create(subject="Founding", minutes="Agenda: tea.", owner=owner)
    members = User.objects.bulk_create(User(username=f"member{number}") for number in range(people))
    meeting.members.set(members)
    return {"meeting": meeting.pk, "sessions": [session_of(member) for member in members]}


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def lose(pk: str) -> None:
    meeting = Meeting.objects.get(pk=pk)
    losers = list(meeting.members.order_by("pk"))[::2]
    print("ready", flush=True)
    sys.stdin.readline()
    committed: list[float] = []
    with transaction.atomic():
        meeting.members.remove(*losers)
        transaction.on_commit(lambda: committed.append(time.time()))
        recheck(meeting)
    print(*committed, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "create":
        print(json.dumps(create(int(sys.argv[2]))), flush=True)
    else:
        lose(sys.argv[2])
