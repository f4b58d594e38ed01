"""What the browser's half of the engine does for pages that use it in other ways than ours."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage, until
from e2e.test_composition import InputMethod
from tools.app_server import AppServer
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

OPEN = """
const library = await import("channels-yjs")
const shared = library.openDocument(ADDRESS, ["title", "body"])
await shared.synced
const openAnew = (names) => library.openDocument(shared.provider.url.replace("ws", "http"), names)
const comesTrue = async (isSo) => {
    const until = performance.now() + PATIENCE_MS
    while (!isSo() && performance.now() < until) await new Promise((go) => setTimeout(go, 20))
}
const made = (tag, parts = {}) => document.body.appendChild(Object.assign(document.createElement(tag), parts))
"""
RunIn = Callable[[str], Any]


@pytest.fixture
def ada(open_note: OpenNote, note: str) -> NotePage:
    person: NotePage = open_note(note, "Ada")
    return person


@pytest.fixture
def run_in(ada: NotePage, note: str) -> RunIn:
    """Runs code in Ada's page, with a document of its own for the same note that has synced."""
    address = f"/ws/notes/{note.rstrip('/').rpartition('/')[2]}"
    opened = OPEN.replace("ADDRESS", repr(address))
    patience_ms = f"const PATIENCE_MS = {patience.milliseconds}\n"
    return lambda code: ada.page.evaluate(f"async () => {{{patience_ms}{opened}{code}}}")


def test_what_is_shown_only_after_the_document_has_synced_is_true(run_in: RunIn) -> None:
    shown = run_in("""
        const connection = made("p"), saved = made("p"), unreached = made("p", { hidden: true })
        library.showConnection(shared, connection)
        library.showSaved(shared, saved)
        library.showUnreached(shared, unreached)
        shared.provider.emit("connection-close", [null, shared.provider])
        return [connection.textContent, saved.textContent, unreached.hidden]
    """)
    assert shown == ["Offline: your changes are kept and will be sent", "Saved", True]


def test_a_document_that_is_opened_anew_is_neither_live_nor_saved_before_it_has_synced(run_in: RunIn) -> None:
    before, after = run_in("""
        const connection = made("p"), saved = made("p")
        const show = (one) => {
            library.showConnection(one, connection)
            library.showSaved(one, saved)
            return [connection.textContent, saved.textContent]
        }
        const before = show(shared)
        shared.destroy()
        return [before, show(openAnew(["title", "body"]))]
    """)
    assert before == ["Live", "Saved"]
    assert after == ["Connecting…", ""]


def test_saved_is_true_wherever_and_whenever_it_is_shown(run_in: RunIn) -> None:
    """Also where it is shown twice, and where it is shown again while a change is on its way."""
    before, shown_again, in_the_end = run_in("""
        const elements = [made("p"), made("p"), made("p")]
        const first = library.showSaved(shared, elements[0])
        library.showSaved(shared, elements[1])
        shared.texts.body.insert(0, "a")
        first.destroy()
        library.showSaved(shared, elements[2])
        const states = () => elements.slice(1).map((element) => element.dataset.state)
        const before = states()
        await comesTrue(() => !states().includes("saving"))
        return [before, elements[2].ariaLive, states()]
    """)
    assert before == ["saving", "saving"]
    assert shown_again == "off"
    assert in_the_end == ["saved", "saved"]


def test_a_handshake_that_is_never_answered_is_given_up(run_in: RunIn) -> None:
    attempts = run_in("""
        const { setTimeout } = window
        window.setTimeout = (go, ms, ...rest) => setTimeout(go, ms > 20_000 ? 20 : ms, ...rest)
        let attempts = 0
        window.WebSocket = class {
            readyState = 0
            constructor() { attempts++ }
            send() {}
            close() { queueMicrotask(() => this.onclose?.({ code: 1006 })) }
        }
        const stuck = library.openDocument("/ws/notes/1", ["title", "body"])
        await comesTrue(() => attempts >= 3)
        stuck.destroy()
        return attempts
    """)
    assert attempts >= 3


def test_an_editor_that_is_destroyed_twice_leaves_the_others(run_in: RunIn) -> None:
    left = run_in("""
        const one = library.mountEditor(shared, "title", made("div"))
        library.mountEditor(shared, "body", made("div"))
        one.destroy()
        one.destroy()
        return shared.editors.map(({ name }) => name)
    """)
    assert left == ["body"]


def test_who_is_shut_out_can_write_again_when_let_in_again(run_in: RunIn) -> None:
    was_read_only = run_in("""
        const editor = library.mountEditor(shared, "body", made("div"))
        const states = [shared.isReadOnly]
        shared.provider.disconnect()
        shared.provider.emit("closed", [{ code: 4403, reason: "" }, shared.provider])
        states.push(shared.isReadOnly, editor.view.state.readOnly)
        const synced = new Promise((go) => shared.provider.on("sync", (isSynced) => isSynced && go()))
        shared.provider.connect()
        await synced
        return [...states, shared.isReadOnly, editor.view.state.readOnly]
    """)
    assert was_read_only == [False, True, True, False, False]


def test_a_form_shows_values_without_touching_what_others_write_in_it(run_in: RunIn) -> None:
    shown = run_in("""
        const form = made("form", { innerHTML: `
            <input name="place"> <input name="done" type="checkbox">
            <input name="role" type="radio" value="chair"> <input name="role" type="radio" value="guest">` })
        const { place, done, role } = form.elements
        const values = shared.doc.getMap("values")
        values.set("role", "guest")
        values.set("place", "Hall")
        library.bindValues(shared, form)
        await shared.synced
        place.value = "By the mill"
        const typed = [place.value, values.get("place")]
        values.set("done", true)
        typed.push(place.value, done.checked)
        place.dispatchEvent(new Event("input", { bubbles: true }))
        typed.push(values.get("place"))
        role[0].click()
        return [...typed, values.get("role"), [...role].map(({ value }) => value)]
    """)
    assert shown == ["By the mill", "Hall", "By the mill", True, "By the mill", "chair", ["chair", "guest"]]


def test_an_input_that_belongs_to_a_form_from_outside_is_saved_too(run_in: RunIn) -> None:
    saved = run_in("""
        made("form", { id: "about" })
        const outside = made("div", { innerHTML: '<input name="place" form="about">' }).firstChild
        const form = document.getElementById("about")
        const bound = library.bindValues(shared, form)
        await shared.synced
        shared.doc.getMap("values").set("place", "")
        const type = (words) => {
            outside.value = words
            outside.dispatchEvent(new Event("input", { bubbles: true }))
            return shared.doc.getMap("values").get("place")
        }
        const before = type("By the mill")
        bound.destroy()
        return [before, type("Nowhere")]
    """)
    assert saved == ["By the mill", "By the mill"]


def test_a_form_that_is_sent_while_nothing_may_be_changed_says_what_it_shows(run_in: RunIn) -> None:
    """Django takes what is missing for empty, and would empty the values of everybody."""
    sent = run_in("""
        const form = made("form", { innerHTML: `
            <input name="place" value="By the mill"> <input name="done" type="checkbox" checked>
            <input name="role" type="radio" value="chair"> <input name="role" type="radio" value="guest" checked>
            <input name="late" type="checkbox"> <input name="off" value="by the page" disabled>
            <select name="readers" multiple><option selected>ada<option selected>bob<option>eve</select>` })
        const entries = () => [...new FormData(form)].map(([name, value]) => `${name}=${value}`).sort()
        const before = entries()
        shared.destroy()
        const anew = library.openDocument("/ws/notes/never-there", ["title", "body"])
        const bound = library.bindValues(anew, form)
        const disabled = [...form.elements].every((input) => input.disabled)
        const meanwhile = entries()
        bound.destroy()
        anew.destroy()
        const left = [...form.elements].filter((input) => input.disabled).map(({ name }) => name)
        return [before, disabled, meanwhile, left, entries()]
    """)
    words = ["done=on", "place=By the mill", "readers=ada", "readers=bob", "role=guest"]
    assert sent == [words, True, words, ["off"], words]


def test_an_input_without_a_value_in_the_document_is_the_pages_own(run_in: RunIn) -> None:
    """What is written in it is kept nowhere, and a group of boxes with one name stays a group."""
    seen = run_in("""
        const form = made("form", { innerHTML: `
            <input name="subject" value="Budget"> <input name="place">
            <input name="readers" type="checkbox" value="ada"> <input name="readers" type="checkbox" value="bob">` })
        const { subject, place, readers } = form.elements
        const values = shared.doc.getMap("values")
        values.set("place", "Hall")
        library.bindValues(shared, form)
        await shared.synced
        for (const input of [subject, place]) {
            input.value += " 2"
            input.dispatchEvent(new Event("input", { bubbles: true }))
        }
        readers[0].click()
        return [values.toJSON(), readers[1].checked, [...form.elements].some((input) => input.disabled)]
    """)
    assert seen == [{"place": "Hall 2"}, False, False]


def test_no_digit_of_a_long_number_is_lost(run_in: RunIn) -> None:
    kept = run_in("""
        const number = made("form", { innerHTML: `<input name="cents" type="number" step="any">` }).elements.cents
        const values = shared.doc.getMap("values")
        values.set("cents", 0)
        library.bindValues(shared, number.form)
        await shared.synced
        return ["12345678901234567891", "-0.5", "9007199254740993", ""].map((digits) => {
            number.value = digits
            number.dispatchEvent(new Event("input", { bubbles: true }))
            return values.get("cents")
        })
    """)
    assert kept == ["12345678901234567891", -0.5, "9007199254740993", None]


def test_half_a_date_takes_away_none_and_an_empty_one_does(ada: NotePage, run_in: RunIn) -> None:
    run_in("""
        const form = made("form", { innerHTML: '<input name="day" type="date"> <input name="cents" type="number">' })
        const values = shared.doc.getMap("values")
        values.set("day", "2026-01-31")
        values.set("cents", 5)
        library.bindValues(shared, form)
        await shared.synced
        window.pick = (name) => form.elements[name].focus()
        window.read = () => values.toJSON()
    """)

    def press(*keys: str) -> object:
        ada.press(*keys)
        return ada.page.evaluate("read()")

    ada.page.evaluate("pick('day')")
    assert press("Backspace") == {"day": "2026-01-31", "cents": 5}
    assert press("Tab", "Backspace", "Tab", "Backspace") == {"day": None, "cents": 5}
    ada.page.evaluate("pick('cents')")
    assert press("ControlOrMeta+a", "-") == {"day": None, "cents": 5}
    assert press("7") == {"day": None, "cents": -7}


def test_a_word_that_is_composed_in_a_form_is_there_once(ada: NotePage, run_in: RunIn) -> None:
    """If somebody else changes the value meanwhile, the last one wins: here what is composed on, and there theirs."""
    run_in("""
        const { place } = made("form", { innerHTML: '<input name="place">' }).elements
        const values = shared.doc.getMap("values")
        values.set("place", "")
        library.bindValues(shared, place.form)
        await shared.synced
        window.change = (word) => values.set("place", word)
        window.read = () => [place.value, values.get("place")]
        place.focus()
    """)
    input_method = InputMethod(ada)
    input_method.compose("に", "にほ")
    ada.page.evaluate("change('Ashore')")
    input_method.compose("にほん")
    input_method.commit("日本")
    assert ada.page.evaluate("read()") == ["日本", "日本"]
    input_method.compose("に")
    ada.page.evaluate("change('Ashore')")
    assert ada.page.evaluate("read()") == ["日本に", "Ashore"]
    ada.page.evaluate("document.activeElement.blur()")
    until(ada.page, lambda: ada.page.evaluate("read()") == ["Ashore", "Ashore"], "it shows what was set last")


def test_values_of_python_are_shown_as_exactly_as_an_input_takes_them(run_in: RunIn) -> None:
    """Its whole numbers have any length, and its times microseconds."""
    shown = run_in("""
        const form = made("form", { innerHTML: `
            <input name="cents" type="number"> <input name="from" type="time" step="any">
            <input name="at" type="datetime-local"> <input name="at" type="datetime-local" step="1">
            <input name="at" type="datetime-local" step="any">` })
        const values = shared.doc.getMap("values")
        values.set("cents", 9007199254740993n)
        values.set("from", "09:08:30.123456")
        values.set("at", new Date(2026, 4, 6, 9, 8, 30).toISOString().replace(".000Z", ".123456+00:00"))
        library.bindValues(shared, form)
        return [...form.elements].map((input) => input.value)
    """)
    at = "2026-05-06T09:08"
    assert shown == ["9007199254740993", "09:08:30.123", at, f"{at}:30", f"{at}:30"]


def test_choices_and_times_of_forms_of_django_are_shown_and_read(run_in: RunIn) -> None:
    """JSON knows true, false and null; Django's choices say "unknown" and "true", its radio buttons "True". A time
    has a zone, and its input none."""
    shown = run_in("""
        const form = made("form", { innerHTML: `
            <select name="open"><option>unknown</option><option>true</option><option>false</option></select>
            <input name="sure" type="radio" value="True"> <input name="sure" type="radio" value="False">
            <input name="at" type="datetime-local">` })
        const { open, sure, at } = form.elements
        const values = shared.doc.getMap("values")
        library.bindValues(shared, form)
        await shared.synced
        const seen = []
        for (const value of [true, null, false]) {
            values.set("open", value)
            values.set("sure", value)
            seen.push([open.value, sure.value])
        }
        const time = new Date(2026, 4, 6, 9, 8)
        values.set("at", time.toISOString().replace("Z", "+00:00"))
        seen.push(at.value)
        values.set("at", "nonsense")
        seen.push(at.value)
        const choose = (input, value) => {
            input.value = value
            input.dispatchEvent(new Event("input", { bubbles: true }))
            return values.get(input.name)
        }
        seen.push(["unknown", "true", "false"].map((word) => choose(open, word)))
        seen.push(choose(at, "2026-05-06T09:08") === time.toISOString(), choose(at, ""))
        seen.push(choose(at, "20260-05-06T09:08"))
        return seen
    """)
    assert shown == [
        *(["true", "True"], ["unknown", ""], ["false", "False"]),
        *("2026-05-06T09:08", ""),
        [None, True, False],
        *(True, None, None),
    ]


ASKS = """
const asks = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }))
"""


def test_what_is_on_the_server_no_more_is_not_called_saved(run_in: RunIn) -> None:
    states = run_in(f"""{ASKS}
        const saved = made("p"), answer = made("p")
        library.showSaved(shared, saved)
        library.answerSaveKey(saved, answer)
        const gone = () => shared.provider.emit("closed", [{{ code: 4404, reason: "" }}, shared.provider])
        gone()
        const read = [saved.textContent, asks()]
        shared.texts.body.insert(0, "Only here")
        document.dispatchEvent(new KeyboardEvent("keydown", {{ key: "s", ctrlKey: true }}))
        await new Promise((go) => setTimeout(go))
        return [read, saved.textContent, answer.textContent, asks()]
    """)
    answer = "Not saved any more: this is no longer on the server."
    assert states == [["Not saved any more", False], "Not saved any more", answer, True]


def test_texts_that_were_not_taken_stay_until_they_are_copied_or_closed(run_in: RunIn) -> None:
    shown = run_in(f"""{ASKS}
        const element = made("div", {{ hidden: true }})
        const texts = () => [...element.querySelectorAll("blockquote")].map((one) => one.textContent)
        const first = library.showUnsent(element, {{ body: "First" }})
        const second = library.showUnsent(element, {{ body: "Second" }})
        const states = [texts(), asks()]
        first.destroy()
        states.push(texts(), asks(), element.hidden)
        second.destroy()
        return [...states, texts(), asks(), element.hidden]
    """)
    assert shown == [["First", "Second"], True, ["Second"], True, False, [], False, True]


def test_a_value_that_was_not_taken_stands_beside_the_text_of_its_name(run_in: RunIn) -> None:
    refused = run_in("""
        shared.texts.body.insert(0, "My text")
        shared.doc.getMap("values").set("body", 45)
        const encoder = { cpos: 0, cbuf: new Uint8Array(100), bufs: [] }
        shared.provider.messageHandlers[103](encoder, { arr: new Uint8Array([0, 1]), pos: 0 })  // reads; some is lost
        return shared.refused
    """)
    assert refused == {"title": "", "body": "My text", "values.body": "body: 45"}


def test_a_document_may_have_values_and_no_texts(run_in: RunIn) -> None:
    value = run_in("""
        shared.doc.getMap("values").set("place", "Hall")
        const values = openAnew([])
        await comesTrue(() => values.doc.getMap("values").has("place"))
        return values.doc.getMap("values").get("place")
    """)
    assert value == "Hall"


def test_a_cursor_in_a_text_that_nobody_has_makes_none(run_in: RunIn) -> None:
    labels, names = run_in("""
        const host = made("div"), other = openAnew(["title", "body"])
        const labels = () => [...host.querySelectorAll(".cursor-label")].map((label) => label.textContent)
        const before = new Set(shared.doc.share.keys())
        library.mountEditor(shared, "body", host)
        library.introduce(other, { name: "Grace", color: "#112233" })
        const at = (tname) => ({ type: null, item: null, tname, assoc: 0 })
        const comeTo = async (tname) => {
            other.awareness.setLocalStateField("cursor", { anchor: at(tname), head: at(tname) })
            await comesTrue(() => shared.awareness.getStates().get(other.doc.clientID)?.cursor?.head.tname === tname)
        }
        await comeTo("nowhere")
        await new Promise((go) => requestAnimationFrame(() => setTimeout(go)))
        await comeTo("body")
        await comesTrue(() => labels().length > 0)
        return [labels(), [...shared.doc.share.keys()].filter((name) => !before.has(name))]
    """)
    assert (labels, names) == (["Grace"], [])


def test_undo_leaves_the_focus_in_the_text_and_knows_when_nothing_is_left(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Mine")
    grace.expect_text("Mine")
    grace.go_to_end()
    grace.press("ControlOrMeta+a", "Delete")
    ada.expect_text("")
    undo = ada.page.get_by_role("button", name="Undo")
    expect(undo).to_have_attribute("aria-disabled", "false")
    undo.click()
    expect(undo).to_have_attribute("aria-disabled", "true")
    ada.type("Still here")
    grace.expect_text("Still here")


def test_the_find_key_opens_the_panel_of_the_document_in_which_one_writes(run_in: RunIn) -> None:
    """Also where its letter is another one, as on a Russian keyboard; and not a second time in an editor that is no
    document's."""
    opened = run_in("""
        const own = library.mountEditor(shared, "body", made("div"))
        const parts = Object.fromEntries(
            ["button", "panel", "input", "count", "previous", "close"].map((name) => [name, made("input")]))
        parts.panel.hidden = true
        library.showFind(shared, { getTop: () => 0, ...parts })
        const panels = [document.getElementById("find"), parts.panel]
        const press = (view, key) => {
            for (const panel of panels) panel.hidden = true
            view.focus()
            const keys = { key, code: "KeyF", ctrlKey: true, bubbles: true, cancelable: true }
            const isTaken = !view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", keys))
            return [isTaken, ...panels.map((panel) => !panel.hidden)]
        }
        const stranger = new own.view.constructor({ parent: made("div") })
        return [press(own.view, "f"), press(own.view, "ф"), press(own.view, "g"), press(stranger, "f")]
    """)
    assert opened == [[True, False, True], [True, False, True], [False, False, False], [False, False, False]]


@pytest.mark.parametrize(
    ("pasted", "shown"), [(" 2026", "Minutes 2026"), ("draft \n of\r\n\r\n2026 ", "Minutesdraft of 2026")]
)
def test_a_paste_into_one_line_keeps_its_spaces(run_in: RunIn, pasted: str, shown: str) -> None:
    text = run_in(f"""
        const {{ view }} = library.mountEditor(shared, "title", made("div"), {{ isOneLine: true }})
        view.dispatch({{ changes: {{ from: 0, insert: "Minutes" }}, selection: {{ anchor: 7 }} }})
        const clipboardData = new DataTransfer()
        clipboardData.setData("text/plain", {pasted!r})
        view.focus()
        const paste = new ClipboardEvent("paste", {{ clipboardData, bubbles: true, cancelable: true }})
        view.contentDOM.dispatchEvent(paste)
        return view.state.doc.toString()
    """)
    assert text == shown


def test_a_list_that_hears_nothing_connects_again(page: Page, own_server: AppServer) -> None:
    """A line may be dead without a word: nobody tells the page."""
    opened: list[WebSocketRoute] = []
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.route_web_socket("**/ws/notes", lambda route: opened.append(route))  # it is open, and says nothing
    page.goto(own_server.url)
    until(page, lambda: len(opened) == 1, "the list connects")
    page.clock.run_for(15_000)
    page.wait_for_function("true")
    assert len(opened) == 1
    page.clock.run_for(17_000)
    until(page, lambda: len(opened) == 2, "the list connects again")
    page.clock.run_for(16_000)
    opened[1].send('{"people": {"1": [{"name": "Alan", "color": "#112233"}]}}')
    expect(page.get_by_role("list", name="In this note: Alan", exact=True)).to_be_visible()
    page.clock.run_for(16_000)
    page.wait_for_function("true")
    assert len(opened) == 2


def test_a_list_asks_less_and_less_of_a_server_that_lets_it_in_and_sends_it_away(
    page: Page, server: AppServer
) -> None:
    """As one does whose database is away."""
    opened, fetched = list[WebSocketRoute](), list[str]()
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.route_web_socket("**/ws/notes", lambda route: opened.append(route))
    page.goto(server.url)
    page.on("request", lambda request: fetched.append(request.url))
    until(page, lambda: bool(opened), "the list connects")
    closed = 0
    for _ in range(40):
        page.clock.run_for(250)
        page.wait_for_function("true")
        for route in opened[closed:]:
            route.close(code=4503)
        closed = len(opened)
    assert 3 <= len(opened) <= 10
    assert server.url not in [url.rstrip("/") for url in fetched]


def test_saved_is_not_said_of_what_was_written_before_anybody_counted(run_in: RunIn) -> None:
    late, offline, in_the_end = run_in("""
        const { view } = library.mountEditor(shared, "body", made("div"))
        view.dispatch({ changes: { from: 0, insert: "a" } })
        const elements = [made("p"), made("p")]
        library.showSaved(shared, elements[0])
        const late = elements[0].dataset.state
        shared.provider.disconnect()
        const other = openAnew(["title", "body"])
        await other.synced
        other.provider.disconnect()
        library.mountEditor(other, "body", made("div")).view.dispatch({ changes: { from: 0, insert: "b" } })
        library.showSaved(other, elements[1])
        const offline = elements[1].dataset.state
        other.provider.connect()
        await comesTrue(() => elements[1].dataset.state === "saved")
        return [late, offline, elements[1].dataset.state]
    """)
    assert (late, offline, in_the_end) == ("saving", "unsent", "saved")


def test_nothing_can_be_written_in_an_editor_of_a_document_that_was_destroyed(run_in: RunIn) -> None:
    assert run_in("""
        shared.destroy()
        return library.mountEditor(shared, "body", made("div")).view.state.readOnly
    """)


def test_no_editor_is_left_where_another_is_mounted_or_after_it_was_destroyed(run_in: RunIn) -> None:
    replaced, destroyed = run_in("""
        const host = made("div"), here = () => [shared.editors.length, host.querySelectorAll(".cm-editor").length]
        library.mountEditor(shared, "body", host)
        const editor = library.mountEditor(shared, "body", host)
        const replaced = here()
        shared.texts.body.insert(0, "a")  // its comparison waits until this task has ended
        editor.destroy()
        shared.texts.body.insert(0, "b")
        await new Promise((go) => setTimeout(go))
        return [replaced, here()]
    """)
    assert (replaced, destroyed) == ([1, 1], [0, 0])


def test_my_cursor_leaves_with_the_editor(run_in: RunIn) -> None:
    before, after = run_in("""
        const editor = library.mountEditor(shared, "body", made("div"))
        editor.view.focus()
        const hasCursor = () => Boolean(shared.awareness.getLocalState().cursor)
        await comesTrue(hasCursor)
        const before = hasCursor()
        editor.destroy()
        return [before, hasCursor()]
    """)
    assert (before, after) == (True, False)


def test_a_switch_shows_whether_this_document_is_off_line(run_in: RunIn) -> None:
    is_off_line = run_in("""
        const button = made("button", { ariaChecked: "false" }), words = made("p")
        library.showConnection(shared, words, button)
        button.click()
        shared.destroy()
        const anew = openAnew(["body"])
        library.showConnection(anew, words, button)
        return button.ariaChecked
    """)
    assert is_off_line == "false"


def test_the_count_of_matches_is_said_again_only_when_it_changes(run_in: RunIn) -> None:
    """It is a status: a screen reader would say it at each letter that somebody else writes."""
    changes, words = run_in("""
        const { view } = library.mountEditor(shared, "body", made("div"))
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: "needle" } })
        const [panel, input, count] = [made("form", { hidden: true }), made("input"), made("span")]
        const [button, previous, close] = [made("button"), made("button"), made("button")]
        library.showFind(shared, { getTop: () => 0, button, panel, input, count, previous, close })
        button.click()
        input.value = "needle"
        input.dispatchEvent(new Event("input"))
        const drawn = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)))
        await drawn()
        let changes = 0
        new MutationObserver((all) => (changes += all.length)).observe(count, { childList: true, subtree: true })
        const change = async (text) => {
            view.dispatch({ changes: { from: view.state.doc.length, insert: text } })
            const until = performance.now() + 500
            while (performance.now() < until) await drawn()
        }
        await change("x")
        const same = changes
        await change(" needle")
        return [same, count.textContent]
    """)
    assert changes == 0
    assert words.endswith("of 2")


def test_no_panel_is_left_that_finds_nothing_any_more(run_in: RunIn) -> None:
    before, after = run_in("""
        const { view } = library.mountEditor(shared, "body", made("div"))
        view.dispatch({ changes: { from: 0, insert: "needle" } })
        const parts = Object.fromEntries(
            ["button", "panel", "input", "count", "previous", "close"].map((name) => [name, made("input")]))
        parts.panel.hidden = true
        const find = library.showFind(shared, { getTop: () => 0, ...parts })
        parts.button.click()
        parts.input.value = "needle"
        parts.input.dispatchEvent(new Event("input"))
        const seen = () => [parts.panel.hidden, view.dom.querySelectorAll(".match").length]
        const before = seen()
        find.destroy()
        return [before, seen()]
    """)
    assert (before, after) == ([False, 1], [True, 0])


def test_a_form_is_sent_by_a_script_and_reset_to_what_the_document_says(run_in: RunIn) -> None:
    sent, shown = run_in("""
        const form = made("form", { innerHTML: '<input name="place" value="Mill"><button type="reset"></button>' })
        let sent = 0
        shared.doc.getMap("values").set("place", "Bridge")
        library.bindValues(shared, form)
        form.addEventListener("submit", (event) => { sent += event.defaultPrevented ? 0 : 1; event.preventDefault() })
        await new Promise((go) => setTimeout(go))
        form.requestSubmit()
        form.querySelector("button").click()
        await new Promise((go) => setTimeout(go))
        return [sent, form.elements.place.value]
    """)
    assert (sent, shown) == (1, "Bridge")


def test_an_address_may_end_with_a_slash_and_a_line_that_the_page_cut_has_no_code(run_in: RunIn) -> None:
    address, said = run_in("""
        const other = library.openDocument(`${location.origin}/ws/notes/1/?identity=x`, ["body"])
        const element = made("p", { hidden: true })
        library.showUnreached(other, element)
        window.dispatchEvent(new Event("offline"))
        const said = element.textContent
        other.destroy()
        return [other.provider.url, said]
    """)
    assert "/ws/notes/1/?identity=x" in address
    assert "This page has cut the line itself." in said
    assert "undefined" not in said


def test_a_document_that_takes_minutes_to_arrive_is_waited_for(new_page: Callable[..., Page], note: str) -> None:
    """It is one message, and y-websocket gives up a line on which none has ended for 30 seconds."""
    lines: list[WebSocketRoute] = []
    page = new_page()
    page.clock.install()
    page.route_web_socket(lambda url: "/ws/notes/" in url, lambda line: lines.append(line))
    page.goto(note)
    until(page, lambda: bool(lines), "the page has opened a line")
    page.clock.run_for(100_000)
    assert len(lines) == 1
    page.clock.run_for(400_000)
    until(page, lambda: len(lines) > 1, "a line that is dead is given up in the end")


def test_the_arrow_down_leaves_a_title_of_several_rows_from_the_last_one(
    open_note: OpenNote, create_note: Callable[..., str]
) -> None:
    ada = open_note(create_note("A title of many words, " * 8), "Ada", viewport={"width": 320, "height": 700})
    ada.title.focus()
    ada.press("ControlOrMeta+Home", "ArrowDown")
    expect(ada.title).to_be_focused()
    ada.press("ControlOrMeta+End", "ArrowDown")
    expect(ada.note).to_be_focused()


def test_lost_text_is_copied_also_in_a_dialog_of_a_page_that_may_not_use_the_clipboard(run_in: RunIn) -> None:
    """As over plain HTTP. While a dialog is open, nothing outside of it can be selected."""
    copied = run_in("""
        Object.defineProperty(navigator, "clipboard", { value: undefined })
        const dialog = made("dialog"), place = dialog.appendChild(document.createElement("div"))
        dialog.showModal()
        let copied = ""
        document.execCommand = () => ((copied = getSelection().toString()), true)
        library.showUnsent(place, { body: "my text" })
        place.querySelector("button").click()
        await new Promise((go) => setTimeout(go))
        return copied
    """)
    assert copied == "my text"


def test_what_could_not_be_copied_is_not_called_copied(run_in: RunIn) -> None:
    words, asked, error = run_in(f"""{ASKS}
        Object.defineProperty(navigator, "clipboard", {{ value: undefined }})
        document.execCommand = () => false
        const failed = new Promise((go) => {{
            window.onunhandledrejection = (event) => (event.preventDefault(), go(event.reason.message))
            setTimeout(go, PATIENCE_MS)
        }})
        const place = made("div")
        library.showUnsent(place, {{ body: "my text" }})
        const button = place.querySelector("button")
        button.click()
        const error = await failed
        return [button.textContent, asks(), error]
    """)
    assert (words, asked) == ("Copy text", True)
    assert error == "This browser does not let the page copy."
