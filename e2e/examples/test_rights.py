"""Rights in the example's meetings: Olivia owns one, Ada is its member, Rita may read, a guest has the link, and
Mallory has nothing. What Olivia changes holds at once, in the pages that are open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.examples.minutes_server import MinutesServer, OpenAs, both_ways, text_of
from e2e.support.accounts import creating_accounts
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
READ_ONLY = "You can read this, but not write."
KEEP_SOCKETS = """
window.sockets = []
window.WebSocket = class extends WebSocket {
    constructor(...given) {
        super(...given)
        window.sockets.push(this)
    }
}
"""
PEOPLE = """
people = {name: create_account(name) for name in ("olivia", "ada", "rita", "mallory")}
meeting = Meeting.objects.create(subject="Founding", minutes="Agenda: tea.", owner=people["olivia"])
meeting.members.add(people["ada"])
meeting.readers.add(people["rita"])
print(meeting.pk, meeting.guest_key)
"""


@dataclass
class Scene:
    """A meeting, and the browsers of its people."""

    server: MinutesServer
    key: str
    guest_key: str
    open_as: OpenAs
    new_page: Callable[..., Page]

    @property
    def address(self) -> str:
        return f"{self.server.url}/meetings/{self.key}/"

    def enter(self, name: str, *, by_form: bool = False) -> Page:
        page = self.open_as(name, by_form=by_form)
        page.add_init_script(KEEP_SOCKETS)
        page.goto(self.address)
        expect_live(page)
        return page

    def enter_as_guest(self) -> Page:
        page = self.new_page()
        page.goto(f"{self.address}?guest={self.guest_key}")
        expect_live(page)
        return page


@pytest.fixture
def scene(minutes: MinutesServer, open_as: OpenAs, new_page: Callable[..., Page]) -> Scene:
    key, guest_key = minutes.shell(creating_accounts() + PEOPLE).split()
    return Scene(minutes, key, guest_key, open_as, new_page)


def expect_live(page: Page) -> None:
    expect(connection(page)).to_have_text("Live")


def connection(page: Page) -> Locator:
    return page.get_by_role("status", name="Connection")


def access(page: Page) -> Locator:
    return page.get_by_role("status", name="Access")


def change(owner: Page, name: str, button: str) -> None:
    """The owner fills in the form on the meeting's page."""
    owner.get_by_label("Name").fill(name)
    owner.get_by_role("button", name=button).click()
    expect(owner.get_by_label("Name")).to_have_value("")
    expect_live(owner)


def write(page: Page, text: str) -> None:
    text_of(page).press("Control+End")
    page.keyboard.type(text)


def expect_read_only(page: Page) -> None:
    expect(access(page)).to_have_text(READ_ONLY)
    expect(text_of(page)).to_have_attribute("aria-readonly", "true")


@both_ways
@pytest.mark.page_is_missing
def test_members_write_readers_and_guests_read_and_strangers_get_nothing(scene: Scene) -> None:
    ada, rita, guest = scene.enter("ada"), scene.enter("rita"), scene.enter_as_guest()
    write(ada, " And biscuits.")
    for page in (rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. And biscuits.")
        expect_read_only(page)
        write(page, "Mine!")
        expect(text_of(page)).to_have_text("Agenda: tea. And biscuits.")
    expect(access(ada)).to_be_empty()
    people = ada.get_by_role("list", name="People here").get_by_role("listitem")
    expect(people).to_have_text(["ada (you)", "Guest (reads)", "rita (reads)"])
    mallory = scene.open_as("mallory")
    response = mallory.goto(scene.address)
    assert response
    assert response.status == 404
    expect(text_of(ada)).to_have_text("Agenda: tea. And biscuits.")


def test_who_is_removed_while_typing_is_shut_out_at_once(scene: Scene) -> None:
    olivia, ada, rita = scene.enter("olivia"), scene.enter("ada"), scene.enter("rita")
    guest = scene.enter_as_guest()
    write(ada, " Typed as a member.")
    for page in (olivia, rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Typed as a member.")
    change(olivia, "ada", "Remove")
    expect(connection(ada)).to_have_text("Offline: you may not open this")
    expect(text_of(ada)).to_have_attribute("aria-readonly", "true")
    write(ada, " Typed as nobody.")
    write(olivia, " Olivia goes on.")
    for page in (rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Typed as a member. Olivia goes on.")
        expect(page.get_by_role("list", name="People here")).not_to_contain_text("ada")
    expect(text_of(ada)).to_have_text("Agenda: tea. Typed as a member.")


def test_who_becomes_a_reader_while_typing_can_copy_what_was_not_taken_and_reads_on(
    scene: Scene,
) -> None:
    olivia, ada, rita = scene.enter("olivia"), scene.enter("ada"), scene.enter("rita")
    guest = scene.enter_as_guest()
    ada.evaluate("window.isTheSamePage = true")
    write(ada, " Taken.")
    for page in (olivia, rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Taken.")
    hold_messages(ada)
    change(olivia, "ada", "Make a reader")
    ada.wait_for_function("held.some(({ data }) => new Uint8Array(data)[0] === 103)")  # what she may do now
    write(ada, " In flight.")
    ada.get_by_label("Place").fill("By the mill")
    release_messages(ada)
    notice = ada.get_by_role("alert", name="Not taken")
    expect(notice).to_contain_text("Agenda: tea. Taken. In flight.")
    expect(notice).to_contain_text("place: By the mill")
    expect(text_of(ada)).to_have_text("Agenda: tea. Taken.")
    expect_read_only(ada)
    write(olivia, " Olivia goes on.")
    expect(text_of(ada)).to_have_text("Agenda: tea. Taken. Olivia goes on.")
    assert ada.evaluate("window.isTheSamePage")
    for page in (rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Taken. Olivia goes on.")
    notice.get_by_role("button", name="Copy text").click()
    expect(notice.get_by_role("button", name="Copied")).to_be_visible()
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_be_hidden()


def test_a_right_that_is_given_while_the_page_is_open_is_there_without_a_reload(scene: Scene) -> None:
    olivia, ada, rita = scene.enter("olivia"), scene.enter("ada"), scene.enter("rita")
    guest = scene.enter_as_guest()
    expect_read_only(rita)
    rita.evaluate("window.isTheSamePage = true")
    change(olivia, "rita", "Make a member")
    expect(access(rita)).to_be_empty()
    write(rita, " Rita writes.")
    for page in (olivia, ada, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Rita writes.")
    expect_read_only(guest)
    expect(access(ada)).to_be_empty()
    change(olivia, "rita", "Make a reader")
    expect_read_only(rita)
    expect(rita.get_by_role("button", name="Undo")).to_be_disabled()
    text_of(rita).focus()
    rita.keyboard.press("Control+z")
    write(rita, "No more.")
    write(ada, " Ada goes on.")
    for page in (olivia, rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Rita writes. Ada goes on.")
    assert rita.evaluate("window.isTheSamePage")


def test_who_logs_out_in_one_tab_is_closed_in_the_other_and_not_in_another_browser(scene: Scene) -> None:
    tab, phone = scene.enter("ada"), scene.enter("ada", by_form=True)
    rita, guest = scene.enter("rita"), scene.enter_as_guest()
    other_tab = tab.context.new_page()
    other_tab.goto(scene.address)
    expect_live(other_tab)
    other_tab.get_by_role("button", name="Log out").click()
    expect(connection(tab)).to_have_text("Offline: you may not open this")
    write(phone, " From the phone.")
    for page in (rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. From the phone.")
    expect(text_of(tab)).to_have_text("Agenda: tea.")


def test_a_frame_that_a_reader_forges_changes_nothing(scene: Scene) -> None:
    olivia, ada, rita = scene.enter("olivia"), scene.enter("ada"), scene.enter("rita")
    guest = scene.enter_as_guest()
    socket = f"{scene.server.url.replace('http', 'ws')}/ws/meetings/{scene.key}?guest={scene.guest_key}"
    closed: Any = guest.evaluate(
        """([address, patience]) => new Promise(resolve => {
            const socket = new WebSocket(address)
            setTimeout(resolve, patience, "goes on")
            socket.onopen = () => socket.send(new Uint8Array(
                [0, 2, 18, 1, 1, 5, 0, 4, 1, 7, ...new TextEncoder().encode("minutes"), 2, 72, 105, 0]))
            socket.onclose = ({ code }) => resolve(code)
        })""",
        [socket, patience.script_seconds * 1000],
    )
    assert closed == 4403
    write(ada, " Ada goes on.")
    for page in (olivia, rita, guest):
        expect(text_of(page)).to_have_text("Agenda: tea. Ada goes on.")


def hold_messages(page: Page) -> None:
    """From now on the page hears nothing, as on a slow line; what it sends goes out."""
    page.evaluate(
        """() => {
            const socket = window.sockets.at(-1), { onmessage } = socket, held = (window.held = [])
            socket.onmessage = (event) => held.push(event)
            window.release = () => { socket.onmessage = onmessage; for (const event of held) onmessage(event) }
        }"""
    )


def release_messages(page: Page) -> None:
    page.evaluate("window.release()")
