"""People with accounts, for the tutorial's excursion Who may, and for the example."""

import functools
from collections.abc import Callable

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Page, expect

from e2e.support.note_page import NotePage
from tools.app_server import AppServer

PASSWORD = "picnic-on-saturday"  # noqa: S105
SESSION_COOKIE = "notes_session"  # by the settings of chapter 12
# Each has a session already: checking a password is meant to take a while. One test of each project uses its form.
CREATE_ACCOUNT = """
from datetime import timedelta
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils.timezone import now

def create_account(name):
    User.objects.filter(username=name).delete()
    user = User.objects.create(username=name, password="{password}")
    session = {{SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash()}}
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    kept = {{"session_data": SessionStore().encode(session), "expire_date": now() + timedelta(days=1)}}
    Session.objects.update_or_create(session_key="session-of-" + name, defaults=kept)
    return user
"""
Enter = Callable[..., NotePage]


def create_accounts(server: AppServer, *names: str) -> None:
    create = f"\nfor name in {names}: create_account(name)"
    server.manage("shell", "-v", "0", "-c", creating_accounts() + create)


@functools.cache
def creating_accounts() -> str:
    """Python code with a function that creates an account and its session, for a project's shell."""
    hasher = PBKDF2PasswordHasher()
    return CREATE_ACCOUNT.format(password=hasher.encode(PASSWORD, hasher.salt()))


def come_back(page: Page, server: AppServer, name: str, cookie: str = SESSION_COOKIE) -> None:
    """Opens the first page in a browser that has the session which `create_account` has made. Two browsers of one
    person would share it: one of them is to log in by the form."""
    value = f"session-of-{name}"
    page.context.add_cookies(
        [{"name": cookie, "value": value, "url": server.url, "httpOnly": True, "sameSite": "Lax"}]
    )
    page.goto(server.url)


def log_in(page: Page, name: str) -> None:
    """Fills in the form that the page shows."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def create(person: NotePage, title: str) -> str:
    """Creates a note, and stays on it."""
    person.page.get_by_role("textbox", name="Title of the new note").fill(title)
    person.page.get_by_role("button", name="Create note").click()
    person.expect_live()
    person.address = person.page.url
    return person.address


def share(owner: NotePage, name: str, *, may_write: bool = False) -> None:
    form = owner.page.get_by_role("form", name="Share")
    form.get_by_role("textbox", name="Share with").fill(name)
    form.get_by_role("checkbox", name="to write as well").set_checked(may_write)
    form.get_by_role("button", name="Share").click()
    expect(owner.page.get_by_text(f"is shared with {name}.")).to_be_visible()
    owner.expect_live()


def visit(person: NotePage, address: str) -> None:
    person.address = address
    person.page.goto(address)
