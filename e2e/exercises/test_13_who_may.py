"""The exercise of the tutorial's excursion Who may."""

import pytest
from playwright.sync_api import expect

from e2e.support.accounts import Enter, create, share, visit

pytestmark = [pytest.mark.exercise(13), pytest.mark.line_is_cut]


def test_the_owner_takes_somebody_out_again(enter: Enter) -> None:
    ada, grace = enter("Ada"), enter("Grace")
    address = create(ada, "A picnic")
    share(ada, "Grace")
    visit(grace, address)
    grace.expect_live()
    remove = ada.page.get_by_role("button", name="Remove Grace")
    expect(remove).to_be_visible()
    remove.click()
    expect(grace.connection).to_contain_text("Offline: you may not open this")
    expect(remove).to_have_count(0)
