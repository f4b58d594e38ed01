"""The page for everybody: with a keyboard alone, with a screen reader, in both themes, on a narrow screen."""

import base64
import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from channels_yjs.wire.messages import Awareness, AwarenessEntry, encode
from e2e.conftest import OpenNote
from e2e.support.lines import patient, socket_of
from e2e.support.note_page import NotePage
from tools.app_server import AppServer
from tools.axe import findings

NARROW: ViewportSize = {"width": 320, "height": 640}
PHONE: ViewportSize = {"width": 360, "height": 740}
LAPTOP: ViewportSize = {"width": 1280, "height": 720}
SIXTY_LINES = "\n".join(f"Line {number}" for number in range(60))

pytestmark = [pytest.mark.chapter(11), pytest.mark.early]


@pytest.mark.parametrize("color_scheme", ["light", pytest.param("dark", marks=pytest.mark.app)])
def test_axe_finds_nothing_on_any_page(open_note: OpenNote, server: AppServer, note: str, color_scheme: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace", color_scheme=color_scheme)
    grace.write("Grace's cursor is here")
    ada.expect_text("Grace's cursor is here")
    expect(ada.cursor_of("Grace")).to_be_attached()
    assert findings(ada.page.main_frame) == []
    ada.go_offline()
    ada.press("Control+s")
    assert findings(ada.page.main_frame) == []
    for address in (server.url, f"{server.url}/?q=nothing", f"{note}side-by-side/?panes=4", f"{note}delete/"):
        grace.page.goto(address)
        for frame in grace.page.frames:
            assert findings(frame) == [], address
    grace.page.get_by_role("button", name="Delete note").click()
    expect(grace.page.get_by_role("status").get_by_role("listitem")).to_contain_text("was deleted")
    assert findings(grace.page.main_frame) == []


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("theme", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1000, 320])
def test_axe_finds_nothing_while_something_is_searched_for(
    open_note: OpenNote, note: str, theme: dict[str, str], width: int
) -> None:
    ada = open_note(note, "Ada", viewport={"width": width, "height": 640}, **theme)
    ada.write("one and one")
    ada.press("ControlOrMeta+f")
    ada.type("one")
    expect(ada.page.get_by_role("status", name="Matches")).to_have_text("1 of 2")
    assert findings(ada.page.main_frame) == []
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.page_is_missing
def test_axe_finds_nothing_on_the_page_of_a_missing_note(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/notes/987654321/")
    assert findings(page.main_frame) == []


def test_a_keyboard_is_enough(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Title of the new note")).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    note = page.get_by_role("textbox", name="Note", exact=True)
    expect(note).to_be_visible()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Live")
    order = ["Undo", "Redo", "Go offline", "Title", "Note", "Your name"]
    page.get_by_role("button", name="Undo").focus()
    seen = []
    for _ in order:
        seen.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        if seen[-1] == "Note":
            page.keyboard.type("Tab leaves the editor")
        page.keyboard.press("Tab")
    assert [name or "Your name" for name in seen] == order
    expect(note).to_have_text("Tab leaves the editor")
    switch = page.get_by_role("switch", name="Go offline")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Offline")


def test_nothing_sticks_out_of_a_narrow_screen(new_page: Callable[..., Page], server: AppServer, note: str) -> None:
    page = new_page(viewport=NARROW)
    for address in (server.url, note, f"{note}side-by-side/", f"{note}delete/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address


@pytest.mark.chapter(12)
@pytest.mark.app
def test_a_name_is_read_wherever_in_a_line_its_cursor_is(open_note: OpenNote, note: str) -> None:
    """Also on a narrow screen, which it makes no wider."""
    ada, grace = open_note(note, "Ada", "Grace the very patient", viewport=NARROW)
    grace.write("W" * 30)
    grace.press("ControlOrMeta+Home")
    name = ada.cursor_of("Grace")
    expect(name).to_be_attached()
    places = [name.bounding_box()]

    def moves() -> bool:
        """While it is drawn anew it has no place for a moment."""
        places.append(name.bounding_box())
        return places[-1] not in (None, before)

    for _ in range(30):
        before = places[-1]
        grace.press("ArrowRight")
        ada.until(moves, lambda: "the cursor moves")
        box = places[-1]
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.chapter(12)
@pytest.mark.app
def test_on_a_phone_one_link_leads_to_the_people_and_the_name(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada", viewport=PHONE)
    ada.write(SIXTY_LINES)
    my_name = ada.page.get_by_role("textbox", name="Your name")
    expect(my_name).not_to_be_in_viewport()
    ada.page.get_by_role("link", name="People").click()
    expect(my_name).to_be_in_viewport()


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_what_ends_the_writing_is_said_where_the_writer_looks(
    open_note: OpenNote, note: str, page: Page, viewport: ViewportSize
) -> None:
    ada = open_note(note, "Ada", viewport=viewport)
    ada.write(SIXTY_LINES)
    ada.expect_saved()
    page.goto(f"{note}delete/")
    page.get_by_role("button", name="Delete note").click()
    expect(ada.alert).to_contain_text("This note has been deleted")
    expect(ada.alert).to_be_in_viewport(ratio=1)


@pytest.mark.chapter(12)
@pytest.mark.app
def test_the_text_stays_in_its_place_when_one_goes_off_line(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada", viewport=LAPTOP)
    ada.write("Tea")
    ada.expect_saved()
    before = ada.note.bounding_box()
    ada.go_offline()
    ada.write(" at four")
    ada.press("ControlOrMeta+s")
    expect(ada.page.get_by_text("Not sent yet").first).to_be_visible()
    after = ada.note.bounding_box()
    assert before
    assert after
    assert before["y"] == after["y"]


@pytest.mark.chapter(12)
@pytest.mark.app
def test_the_cursors_of_others_are_not_printed(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    grace.write("Tea")
    grace.press("ControlOrMeta+a")
    expect(ada.cursor_of("Grace")).to_be_visible()
    ada.page.emulate_media(media="print")
    expect(ada.cursor_of("Grace")).to_be_hidden()
    expect(ada.note).to_be_visible()


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("viewport", [{"width": 360, "height": 330}, {"width": 1000, "height": 500}], ids=str)
def test_a_crowd_hides_neither_the_text_nor_the_line_that_is_written(
    open_note: OpenNote, note: str, viewport: dict[str, int]
) -> None:
    """On a phone with its keyboard open, and where the list of people stays in view."""
    ada = open_note(note, "Ada", viewport=viewport)
    ada.write(SIXTY_LINES)
    with ExitStack() as crowd:
        for number in range(40):
            state = json.dumps({"user": {"name": f"Patient Dolphin {number}", "color": "#123456"}})
            person = crowd.enter_context(patient(socket_of(note)))
            person.send(encode(Awareness((AwarenessEntry(1000 + number, 1, state),))))
        expect(ada.people).to_have_count(41)
        for key in ("ControlOrMeta+End", "ControlOrMeta+Home"):
            ada.press(key)
            ada.type("!")
            ada.until(lambda: caret_is_seen(ada), lambda: f"the caret can be seen after {key}")  # noqa: B023


def caret_is_seen(person: NotePage) -> bool:
    """Nothing covers the letter before it."""
    seen: bool = person.note.evaluate("""editor => {
        const { focusNode, focusOffset } = getSelection()
        const range = document.createRange()
        range.setStart(focusNode, focusOffset - 1)
        range.setEnd(focusNode, focusOffset)
        const { left, top, width, height } = range.getBoundingClientRect()
        return editor.contains(document.elementFromPoint(left + width / 2, top + height / 2))
    }""")
    return seen


# With forced colours, as in the high contrast of Windows, a browser drops most of a page's own colours.


@pytest.fixture(params=["light", "dark"])
def open_forced(request: pytest.FixtureRequest, open_note: OpenNote, note: str) -> OpenNote:
    return partial(open_note, note, forced_colors="active", color_scheme=request.param)


@pytest.mark.chapter(12)
@pytest.mark.app
def test_the_switch_shows_its_two_states_with_forced_colours(open_forced: OpenNote) -> None:
    ada = open_forced("Ada")
    off = colors_of(ada.page, ada.offline_switch, is_before=True)
    assert len(off) > 1, "the switch can be seen"
    ada.go_offline()
    assert colors_of(ada.page, ada.offline_switch, is_before=True) != off


@pytest.mark.chapter(12)
@pytest.mark.app
def test_the_dot_of_the_connection_shows_its_state_with_forced_colours(open_forced: OpenNote) -> None:
    ada = open_forced("Ada")
    live = colors_of(ada.page, ada.connection, is_before=True)
    ada.go_offline()
    offline = colors_of(ada.page, ada.connection, is_before=True)
    assert len(live) > 1
    assert len(offline) > 1
    assert live != offline


@pytest.mark.chapter(12)
@pytest.mark.app
def test_each_person_has_a_colour_with_forced_colours(open_forced: OpenNote) -> None:
    ada, _ = open_forced("Ada", "Grace")
    ada.expect_people("Ada", "Grace")
    dots = [frozenset(colors_of(ada.page, person.locator(".swatch"))) for person in ada.people.all()]
    assert len(set(dots)) == len(dots) == 2, "each has another colour"


@pytest.mark.chapter(12)
@pytest.mark.app
def test_cursors_and_selections_of_others_are_seen_with_forced_colours(open_forced: OpenNote) -> None:
    ada, grace = open_forced("Ada", "Grace")
    grace.write("Look")
    ada.expect_text("Look")
    cursor, selection = ada.page.locator(".remote-cursor"), ada.page.locator(".remote-selection")
    dot = color_of(ada.page, ada.people.filter(has_text="Grace").locator(".swatch"))
    ada.until(lambda: color_of(ada.page, cursor) == dot, lambda: "the cursor has Grace's colour")
    grace.press("Shift+Home")
    expect(selection).to_be_attached()
    around = color_of(ada.page, ada.page.locator(".sheet"))
    ada.until(lambda: color_of(ada.page, selection) not in ("", around), lambda: "the selection can be seen")


def color_of(page: Page, element: Locator) -> str:
    """The colour that most of its pixels have; empty while the page is being drawn again."""
    colors = colors_of(page, element)
    return max(colors, key=lambda color: colors[color], default="")


def colors_of(page: Page, element: Locator, is_before: bool = False) -> dict[str, int]:
    """The colours of the pixels of an element, or of the mark before its text, and how often each is there."""
    box = element.bounding_box()
    if not box:
        return {}
    if is_before:  # without the element's border and outline, which show the focus
        left, width = element.evaluate("""element => [
            element.clientLeft + parseFloat(getComputedStyle(element).paddingLeft),
            parseFloat(getComputedStyle(element, "::before").width),
        ]""")
        box = {"x": box["x"] + left, "y": box["y"] + 4, "width": width, "height": box["height"] - 8}
    picture = page.screenshot(clip=box, animations="disabled")
    colors: dict[str, int] = page.evaluate(COUNT_COLORS, base64.b64encode(picture).decode())
    return colors


COUNT_COLORS = """async picture => {
    const bytes = Uint8Array.from(atob(picture), letter => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }))
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d")
    canvas.drawImage(image, 0, 0)
    const { data } = canvas.getImageData(0, 0, image.width, image.height)
    const colors = {}
    for (let at = 0; at < data.length; at += 4) {
        const color = data.slice(at, at + 3).join()
        colors[color] = (colors[color] ?? 0) + 1
    }
    return colors
}"""
