"""The example of the how-to, examples/minutes/. Most of it is tested in browsers, in e2e/examples/."""

from notes.tests.test_settings import PROJECT, manage_in

CHANGE_IN_THE_ADMIN = """
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from channels_yjs.hub import doorbell
from minutes.models import Meeting

call_command("migrate", verbosity=0)
ada = User.objects.create_superuser("ada")
meeting = Meeting.objects.create(subject="Founding", owner=ada)
meeting.members.add(ada)
browser = Client(SERVER_NAME="localhost")
browser.force_login(ada)
with patch.object(doorbell, "ring", lambda group, said: print(type(said).__name__, meeting.members.count())):
    posted = {"subject": "Founding", "owner": ada.pk, "members": [], "readers": []}
    answer = browser.post(f"/admin/minutes/meeting/{meeting.pk}/change/", posted)
assert answer.status_code == 302, answer.content
"""


def test_those_who_are_connected_are_asked_again_after_a_change_in_the_admin() -> None:
    example = PROJECT / "examples" / "minutes"
    settings = {"PYTHONPATH": str(PROJECT), "DATABASE": ":memory:", "PYTHONDONTWRITEBYTECODE": "1"}
    done = manage_in(example, "shell", "--no-imports", "--command", CHANGE_IN_THE_ADMIN, **settings)
    assert "Recheck 0" in done.stdout.splitlines(), done.stderr
