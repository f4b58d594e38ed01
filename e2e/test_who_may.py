"""Accounts and rights, as the tutorial's excursion builds them: notes have an owner, who lets others in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.support.accounts import Enter, create, share, visit
from e2e.support.note_page import NotePage
from tools.app_server import AppServer


@pytest.mark.chapter(13)
@pytest.mark.page_is_missing
def test_a_note_is_for_its_owner_and_who_is_let_in(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace", by_form=True)
    address = create(ada, "A picnic for two")
    ada.write("At noon.")
    ada.expect_saved()
    visit(grace, address)
    expect(grace.page.get_by_role("heading", name="There is no such note")).to_be_visible()
    visit(grace, address.partition("/notes/")[0])
    expect(grace.page.get_by_role("link", name="A picnic for two")).to_have_count(0)
    share(ada, "Grace")
    expect(ada.page.get_by_text("Shared with Grace", exact=True)).to_be_visible()
    visit(grace, address)
    grace.expect_live()
    grace.expect_text("At noon.")


@pytest.mark.chapter(13)
def test_a_note_is_shared_with_others_only(enter: Enter) -> None:
    ada = enter("Ada")
    create(ada, "A picnic for one")
    form = ada.page.get_by_role("form", name="Share")
    form.get_by_role("textbox", name="Share with").fill("Ada")
    form.get_by_role("button", name="Share").click()
    expect(ada.page.get_by_text("Nobody else has that name.")).to_be_visible()
    expect(ada.page.get_by_text("Shared with nobody so far")).to_be_visible()


@pytest.mark.chapter(13)
def test_a_reader_sees_every_letter_and_changes_none(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace")
    visit(grace, address)
    grace.expect_live()
    expect(grace.page.get_by_role("status", name="Access")).to_have_text("You can read this, but not write.")
    ada.write("At noon.")
    grace.expect_text("At noon.")
    grace.note.focus()
    grace.type("Not mine to write. ")
    ada.write(" By the mill.")
    grace.expect_text("At noon. By the mill.")
    ada.expect_text("At noon. By the mill.")
    expect(ada.page.get_by_role("link", name="Delete note")).to_be_visible()
    expect(grace.page.get_by_role("link", name="Delete note")).to_have_count(0)


@pytest.mark.chapter(13)
def test_a_right_that_is_given_while_the_page_is_open_is_there_at_once(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace")
    visit(grace, address)
    expect(grace.note).to_have_attribute("aria-readonly", "true")
    share(ada, "Grace", may_write=True)
    expect(grace.note).not_to_have_attribute("aria-readonly", "true")
    grace.write("I bring a cake.")
    ada.expect_text("I bring a cake.")
    share(ada, "Grace")
    expect(grace.note).to_have_attribute("aria-readonly", "true")


@pytest.mark.chapter(13)
def test_what_was_not_taken_is_offered_and_the_page_reads_on(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace", may_write=True)
    visit(grace, address)
    grace.write("At noon.")
    ada.expect_text("At noon.")
    grace.go_offline()
    grace.write(" Or at one.")
    share(ada, "Grace")
    grace.go_online()
    expect(grace.page.get_by_role("alert")).to_contain_text("Or at one.")
    grace.expect_text("At noon.")
    ada.write(" By the mill.")
    grace.expect_text("At noon. By the mill.")
    ada.expect_text("At noon. By the mill.")


@pytest.mark.chapter(13)
def test_who_is_here_goes_by_the_name_of_the_account(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace")
    visit(grace, f"{address}?as=Mallory")
    ada.until(
        lambda: any("Grace" in text for text in ada.people.all_inner_texts()), lambda: "Grace is here by her name"
    )
    assert not any("Mallory" in text for text in ada.people.all_inner_texts())


@pytest.mark.chapter(13)
def test_who_calls_themselves_like_an_account_is_shown_as_a_guest(
    enter: Enter, open_note: Callable[..., NotePage], server: AppServer
) -> None:
    ada = enter("Ada")
    for_everybody = f"{server.url}/notes/1/"
    visit(ada, for_everybody)
    ada.expect_live()
    mallory = open_note(for_everybody, "Ada")
    mallory.write("Ada was here. ")
    expect(ada.people.filter(has_text="(guest)")).to_have_text("Ada (guest)")
    expect(ada.cursor_of("Ada (guest)")).to_be_attached()
    visit(ada, server.url)
    expect(ada.page.get_by_text("Ada (guest)")).to_be_visible()


@pytest.mark.chapter(13)
@pytest.mark.line_is_cut
def test_who_logs_out_is_out_in_every_tab(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace")
    visit(grace, address)
    grace.expect_live()
    other = grace.page.context.new_page()
    other.goto(address.partition("/notes/")[0])
    other.get_by_role("button", name="Log out").click()
    expect(grace.connection).to_contain_text("Offline")
    ada.write("Grace does not read this.")
    ada.expect_saved()
    assert grace.text == ""
