"""A stranger's project on the engine: examples/minutes/, in a folder of its own, with any given Python.

`nox -s wheel` gives it one where the distribution is installed and the kit is not. Three people: one owns a meeting,
one is its member.
"""

import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.examples.minutes_server import EXAMPLE, MinutesServer, OpenAs, both_ways, open_meeting, text_of
from tools.app_server import REPOSITORY
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


@both_ways
def test_the_engine_is_the_installed_one(minutes: MinutesServer) -> None:
    found = Path(minutes.run("-c", "import channels_yjs; print(channels_yjs.__file__)"))
    is_in_the_kit = REPOSITORY / "channels_yjs" in found.parents
    assert is_in_the_kit == (minutes.python == sys.executable)


def test_who_follows_the_page_has_all_of_the_example(followed: Path) -> None:
    """Except for the settings, which are longer than the example's, and a migration, which holds its date."""
    for source in (EXAMPLE / "minutes").rglob("*.*"):
        path = source.relative_to(EXAMPLE)
        if not {"migrations", "__pycache__", "settings.py"} & set(path.parts):
            assert (followed / path).read_text() == source.read_text(), path
    assert (followed / "minutes" / "migrations" / "0001_initial.py").exists()


@both_ways
def test_members_write_one_text_and_the_field_follows(minutes: MinutesServer, open_as: OpenAs) -> None:
    ada, grace = open_meeting(open_as("ada")), open_meeting(open_as("grace"))
    expect(text_of(grace)).to_have_text("Agenda: tea.")
    text_of(ada).press("Control+End")
    ada.keyboard.type(" And biscuits.")
    expect(text_of(grace)).to_have_text("Agenda: tea. And biscuits.")
    expect(ada.get_by_role("status", name="Changes")).to_have_text("Saved")
    expect(grace.get_by_role("list", name="People here").get_by_role("listitem")).to_have_text(["grace (you)", "ada"])
    minutes.expect("print(Meeting.objects.get(subject='Founding').minutes)", "Agenda: tea. And biscuits.")


@both_ways
def test_a_form_is_live_and_the_fields_follow(minutes: MinutesServer, open_as: OpenAs) -> None:
    ada, grace = open_meeting(open_as("ada")), open_meeting(open_as("grace"))
    forms = [page.get_by_role("form", name="About this meeting") for page in (ada, grace)]
    forms[0].get_by_label("Date").fill("2026-01-31")
    forms[0].get_by_label("Done").check()
    forms[1].get_by_label("Place").fill("By the mill")
    forms[1].get_by_label("Place").press("Tab")
    for form in forms:
        expect(form.get_by_label("Date")).to_have_value("2026-01-31")
        expect(form.get_by_label("Done")).to_be_checked()
        expect(form.get_by_label("Place")).to_have_value("By the mill")
    forms[1].get_by_label("Done").uncheck()
    expect(forms[0].get_by_label("Done")).not_to_be_checked()
    expect(ada.get_by_role("status", name="Changes")).to_have_text("Saved")
    read = "meeting = Meeting.objects.get(subject='Founding'); print(meeting.date, meeting.place, meeting.done)"
    minutes.expect(read, "2026-01-31 By the mill False")
    minutes.shell("meeting = Meeting.objects.get(subject='Founding'); meeting.place = 'Ashore'; meeting.save()")
    for form in forms:
        expect(form.get_by_label("Place")).to_have_value("Ashore")


FORM = """async () => {
    const { bindValues, openDocument } = await import("channels-yjs")
    const more = openDocument(document.getElementById("minutes").dataset.socket, ["minutes"])
    const form = document.createElement("form")
    form.setAttribute("aria-label", "More")
    form.innerHTML = `<label>Price <input type="number" step="any" name="price"></label>
        <input type="hidden" name="token" value="mine"> <button type="button" name="role" value="reader">Ask</button>`
    document.body.append(form)
    bindValues(more, form)
    await more.synced
    window.set = (key, value) => more.doc.getMap("values").set(key, value)
}"""


def test_a_number_stays_as_it_is_typed_and_nobody_fills_what_is_hidden(open_as: OpenAs) -> None:
    """1.0 is on the way to 1.05; and what a form sends besides is for its own page to say. Enter sends no form that
    has no button for that."""
    ada, grace = open_meeting(open_as("ada")), open_meeting(open_as("grace"))
    for page in (ada, grace):
        page.evaluate(FORM)
    grace.evaluate("set('token', 'hers'); set('role', 'owner'); set('price', 1)")
    price = ada.get_by_label("Price")
    expect(price).to_have_value("1")
    for typed in ("10.05", "-0.5"):
        price.fill("")
        price.press_sequentially(typed)
        expect(price).to_have_value(typed)
        expect(grace.get_by_label("Price")).to_have_value(typed)
    form = ada.get_by_role("form", name="More")
    assert form.evaluate("form => [form.elements.token.value, form.elements.role.value]") == ["mine", "reader"]
    address = ada.url
    price.press("Enter")
    ada.evaluate("() => new Promise(requestAnimationFrame)")
    assert ada.url == address


def test_who_is_where_is_seen_in_the_list(open_as: OpenAs) -> None:
    grace, ada = open_as("grace"), open_as("ada")
    people = grace.get_by_role("list", name="In Founding").get_by_role("listitem")
    expect(people).to_have_count(0)
    open_meeting(ada)
    expect(people).to_have_text(["ada"])
    ada.close()
    expect(people).to_have_count(0)


def test_a_stranger_is_shut_out(minutes: MinutesServer, open_as: OpenAs) -> None:
    mallory = open_as("mallory")
    expect(mallory.get_by_text("You are not a member of any meeting yet.")).to_be_visible()
    closed: Any = mallory.evaluate(
        """([address, patience]) => new Promise(resolve => {
            const socket = new WebSocket(address), heard = []
            setTimeout(resolve, patience, "was let in")
            socket.onmessage = ({ data }) => heard.push(data)
            socket.onclose = ({ code }) => resolve({ code, heard: heard.length })
        })""",
        [f"{minutes.url.replace('http', 'ws')}/ws/meetings/{minutes.meeting}", patience.script_seconds * 1000],
    )
    assert closed == {"code": 4403, "heard": 0}


def test_deleting_a_meeting_deletes_its_document_and_tells_who_is_there(
    minutes: MinutesServer, open_as: OpenAs
) -> None:
    minutes.shell("Meeting.objects.create(subject='Short', owner=User.objects.get(username='ada'))")
    ada = open_as("ada")
    ada.get_by_role("link", name="Short").click()
    expect(ada.get_by_role("status", name="Connection")).to_have_text("Live")
    count = "from channels_yjs.models import Document; print(Document.objects.count())"
    before = int(minutes.shell(count))
    minutes.shell("Meeting.objects.get(subject='Short').delete()")
    assert int(minutes.shell(count)) == before - 1
    expect(ada.get_by_role("status", name="Connection")).to_have_text("Offline: this has been deleted")
