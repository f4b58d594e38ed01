"""The pages, as Django renders them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from channels_yjs.editing import edit
from channels_yjs.log import store
from channels_yjs.models import Document, Update
from notes.models import Note
from notes.tests.sharing import create_note
from notes.views import LONG_LINE, split_long_lines

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>"


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_the_first_note_is_there_right_after_migrate(client: Client) -> None:
    assert "This note is yours" in page(client, "/notes/1/")


def test_without_a_prefix_addresses_have_none(client: Client) -> None:
    text = page(client, "/notes/1/")
    assert 'href="/static/notes/notes.css"' in text
    assert 'data-socket="/ws/notes/1?identity=' in text


def test_the_list_shows_title_excerpt_and_time(client: Client) -> None:
    note = create_note("Plans", "Tea at four")
    Note.objects.filter(pk=note.pk).update(updated_at=timezone.now() - timedelta(minutes=2, seconds=5))
    text = page(client, "/")
    assert f'<a href="/notes/{note.pk}/" dir="auto">Plans</a>' in text
    assert "Tea at four" in text
    assert "changed 2\xa0minutes ago" in text


def test_newest_change_comes_first(client: Client) -> None:
    older, _ = create_note("The older"), create_note("The newer")
    assert store.project(Document.objects.find(older), {"title": "The older", "body": "Written in"})
    text = page(client, "/")
    assert text.index("The older") < text.index("The newer")


def test_an_empty_list_invites(client: Client) -> None:
    Note.objects.all().delete()
    assert "There is no note yet" in page(client, "/")


def test_search_looks_in_title_and_text(client: Client) -> None:
    create_note("Shopping", "milk")
    create_note("Garden", "roses and Milk")
    create_note("Letters", "to Grace")
    found = page(client, "/?q=milk")
    assert "Shopping" in found
    assert "Garden" in found
    assert "Letters" not in found
    assert "2 notes with “milk”" in found
    assert "No note has “zebra”" in page(client, "/?q=zebra")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("übung", "Übung"),
        ("ÜBUNG", "die übungen"),
        ("привет", "Привет, мир"),
        ("ПРИВЕТ", "привет"),
        ("ΟΔΟΣ", "οδος"),
        ("οδοσ", "ΟΔΟΣ"),
        ("strasse", "STRASSE"),
        ("straße", "Strasse"),
        ("STRAẞE", "Straße"),
        ("ÉTÉ", "été"),
        ("𐐀", "𐐨"),
        ("100%_.*[a-z]\\d(", "at 100%_.*[A-Z]\\D("),
        ("***:a b", "x***:A B"),
        ("日本", "日本語"),
    ],
)
def test_search_finds_words_in_any_case_and_script(client: Client, words: str, text: str) -> None:
    create_note("In the text", f"before {text} after")
    create_note(f"{text} in the title")
    create_note("Neither", "ubung privet odos 100 a日-本")
    found = client.get("/", {"q": words}).context["page"]
    assert {note.title for note in found} == {"In the text", f"{text} in the title"}


def test_the_admin_searches_alike(admin_client: Client) -> None:
    create_note("Übung")
    found = admin_client.get("/admin/notes/note/", {"q": "übung"}).context["cl"].queryset
    assert [note.title for note in found] == ["Übung"]


def test_a_thousand_notes_come_in_pages(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Note.objects.bulk_create(Note(title=f"Note {number}", text="x" * 1000) for number in range(1000))
    with django_assert_num_queries(2):  # one for the count, and one for a page of them
        first = page(client, "/")
    assert first.count('class="note-card"') == 50
    assert "Page 1 of 21" in first
    assert 'rel="next" href="?page=2"' in first
    assert "Page 21 of 21" in page(client, "/?page=21")
    assert "Page 21 of 21" in page(client, "/?page=999")
    assert 'rel="next" href="?q=note&amp;page=2"' in page(client, "/?q=note")


def test_the_list_does_not_load_whole_texts(client: Client) -> None:
    create_note("Long", "start " + "x" * 100_000 + " end")
    [long] = client.get("/?q=Long").context["page"]
    assert "text" in long.get_deferred_fields()
    assert long.excerpt == "start " + "x" * 234


def test_a_page_without_the_browser_libraries_names_the_command_that_builds_them(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finders, "find", lambda path: None)
    text = page(client, "/notes/1/")
    assert "<code>nox -s vendor</code>" in text
    assert "importmap" not in text
    assert "This note is yours" in text


@pytest.mark.parametrize("address", ["/", "/notes/1/", "/notes/1/side-by-side/", "/notes/1/delete/"])
def test_pages_answer_who_asks_for_their_head_only(client: Client, address: str) -> None:
    response = client.head(address)
    assert (response.status_code, response.content) == (200, b"")


def test_creating_a_note_puts_its_title_into_the_shared_document(client: Client) -> None:
    response = client.post("/notes/", {"title": "Plans"})
    note = Note.objects.get(title="Plans")
    assert response.headers["Location"] == f"/notes/{note.pk}/"
    assert note.first_texts() == {"title": "Plans", "body": ""}


def test_a_note_needs_no_title(client: Client) -> None:
    response = client.post("/notes/", follow=True)
    assert "Untitled · Realtime Notes" in response.content.decode()


def test_a_title_too_long_is_refused_with_a_reason(client: Client) -> None:
    response = client.post("/notes/", {"title": "x" * 201}, follow=True)
    assert "at most 200 characters" in response.content.decode()


def test_creating_needs_a_post_and_a_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/notes/").status_code == 403
    assert strict.delete("/notes/").status_code == 403


@pytest.mark.parametrize("address", ["/notes/", "/notes"])
def test_who_shortens_the_address_of_a_note_sees_the_list(client: Client, address: str) -> None:
    assert client.get(address, follow=True).redirect_chain[-1][0] == "/"


def test_deleting_asks_first_and_names_the_note(client: Client) -> None:
    note = create_note("Plans")
    assert 'Delete “<span dir="auto">Plans</span>”?' in page(client, f"/notes/{note.pk}/delete/")
    assert Note.objects.filter(pk=note.pk).exists()
    response = client.post(f"/notes/{note.pk}/delete/", follow=True)
    assert "“Plans” was deleted." in response.content.decode()
    assert not Note.objects.filter(pk=note.pk).exists()


@pytest.mark.parametrize("ending", ["", "side-by-side/", "delete/"])
def test_a_note_that_does_not_exist_offers_to_create_one(client: Client, ending: str) -> None:
    text = page(client, f"/notes/77777/{ending}", status=404)
    assert "There is no such note" in text
    assert 'action="/notes/"' in text


def test_the_note_can_be_read_without_javascript(client: Client) -> None:
    note = create_note("Plans", "Tea at four\n  with Grace")
    text = page(client, f"/notes/{note.pk}/")
    assert '<div class="still" dir="auto">Tea at four\n  with Grace</div>' in text
    assert "<noscript>" in text


def test_side_by_side_shows_two_to_four_people(client: Client) -> None:
    assert page(client, "/notes/1/side-by-side/").count("<iframe") == 2
    assert page(client, "/notes/1/side-by-side/?panes=4").count("<iframe") == 4
    for wrong in ("1", "5", "x", "²"):
        assert page(client, f"/notes/1/side-by-side/?panes={wrong}").count("<iframe") == 2


def test_what_people_write_is_text_and_never_markup(client: Client) -> None:
    note = create_note(NASTY, NASTY)
    addresses = ["/", f"/?q={NASTY}", f"/notes/{note.pk}/", f"/notes/{note.pk}/side-by-side/"]
    for address in [*addresses, f"/notes/{note.pk}/delete/"]:
        assert NASTY not in page(client, address)


def test_pages_forbid_what_is_not_ours(client: Client) -> None:
    headers = client.get("/notes/1/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-inline'" not in policy
    assert "script-src 'self' 'nonce-" in policy
    assert headers["X-Frame-Options"] == "SAMEORIGIN"  # the side-by-side page frames it
    assert client.get("/notes/1/delete/").headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_hostile_title_is_text_in_the_admin(admin_client: Client) -> None:
    create_note("<script>alert(1)</script>\u202e\x00", "<img src=x onerror=alert(1)>")
    shown = page(admin_client, "/admin/notes/note/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
    assert "<img src=x" not in page(admin_client, "/admin/notes/note/?q=onerror")


def test_what_is_written_in_the_admin_meanwhile_overwrites_nothing(admin_client: Client) -> None:
    """The form has been open while others wrote, and what it leaves alone stays as they wrote it."""
    note = create_note("Plans", "one\ntwo\n\n")
    address = f"/admin/notes/note/{note.pk}/change/"
    shown = admin_client.get(address).context["adminform"].form
    fields = {shown[name].html_name: shown[name].value() for name in shown.fields}
    hidden = {shown[name].html_initial_name: shown[name].value() for name in shown.fields}
    with edit(Note.objects.get(pk=note.pk), by="Ada") as draft:
        draft["body"].insert(0, "zero\n")
        draft["title"] += " for tea"
    posted = {**fields, **hidden, "text": "one\r\n2\r\n\r\n"}
    assert admin_client.post(address, posted).status_code == 302
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans for tea", "zero\none\n2\n\n")
    assert list(Update.objects.filter(seq=3).values_list("authors", flat=True)) == [[["admin", admin_client_key()]]]
    assert admin_client.post(address, {"title": "By a script", "text": "1"}).status_code == 302
    note.refresh_from_db()
    assert (note.title, note.text) == ("By a script", "1")


def admin_client_key() -> str:
    return str(User.objects.get(username="admin").pk)


def test_a_text_that_does_not_fit_is_shown_again_in_the_admin(admin_client: Client, settings: Any) -> None:
    note = create_note("Plans", "Tea")
    settings.YJS_MAX_DOCUMENT_BYTES = 1000
    answer = admin_client.post(f"/admin/notes/note/{note.pk}/change/", {"title": "Plans", "text": "x" * 2000})
    assert "This document is full" in answer.content.decode()
    assert "x" * 2000 in answer.content.decode()
    note.refresh_from_db()
    assert note.text == "Tea"


def test_a_note_is_created_and_found_in_the_admin(admin_client: Client) -> None:
    assert "Welcome" in page(admin_client, "/admin/notes/note/")
    assert admin_client.post("/admin/notes/note/add/", {"title": "New", "text": "Tea"}).status_code == 302
    assert Note.objects.get(title="New").text == "Tea"


@pytest.mark.parametrize("action", ["", "delete_selected"])
def test_the_lists_of_the_admin_load_no_texts(admin_client: Client, action: str) -> None:
    """Of a hundred notes they may have hundreds of megabytes."""
    posted = {"action": action, "_selected_action": [create_note("Plans", "Tea").pk]}
    with CaptureQueriesContext(connection) as queries:
        answer = admin_client.post("/admin/notes/note/", posted, follow=True)
    assert "Plans" in answer.content.decode()
    found = [query["sql"] for query in queries if '"notes_note"."title"' in query["sql"]]
    assert found
    assert [sql for sql in found if '"notes_note"."text"' in sql] == []


@pytest.mark.parametrize("text", ["", "one\ntwo\n", "{0}", "a\n\n{0}\n{0}\n\nb\n{0}\n", "\n{0}"])
def test_a_long_line_is_a_block_by_itself_and_no_line_is_lost(text: str) -> None:
    text = text.format("x" * (LONG_LINE + 1))
    blocks = list(split_long_lines(text))
    assert "\n".join(block for block, _ in blocks) == text
    assert [is_long for block, is_long in blocks] == [block.startswith("x" * LONG_LINE) for block, _ in blocks]
    assert all("\n" not in block for block, is_long in blocks if is_long)
