"""People with accounts, for the tutorial's excursion Who may."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from e2e.support.note_page import NotePage
from tools.app_server import AppServer

PASSWORD = "picnic-on-saturday"  # noqa: S105
CREATE = f"""
from django.contrib.auth.models import User
for name in {{names}}:
    User.objects.filter(username=name).delete()
    User.objects.create_user(name, password="{PASSWORD}")
"""
Enter = Callable[[str], NotePage]


def create_accounts(server: AppServer, *names: str) -> None:
    server.manage("shell", "-v", "0", "-c", CREATE.format(names=names))


def log_in(page: Page, server: AppServer, name: str) -> NotePage:
    page.goto(server.url)
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return NotePage(page, name, "")


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
