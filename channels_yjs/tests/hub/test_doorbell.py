"""Rings, and the groups in which a process hears them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_save

from channels_yjs.hub import doorbell as doorbell_module
from channels_yjs.hub.doorbell import EVERYONE, Doorbell, ring
from channels_yjs.hub.rings import Changed
from channels_yjs.names import Owner
from channels_yjs.testing.peers import until

GROUP = "channels_yjs.7"
NEWS = Changed(Owner("project.note", "1"))


@pytest.fixture
async def doorbell() -> AsyncIterator[Doorbell]:
    doorbell = Doorbell(lambda *args: None, lambda group: None, lambda: None)
    tasks = [asyncio.create_task(doorbell.listen()), asyncio.create_task(doorbell.speak())]
    await until(lambda: EVERYONE in doorbell._joined, "it listens")
    yield doorbell
    for task in tasks:
        task.cancel()


async def test_a_group_is_joined_while_rings_keep_coming(doorbell: Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = map(str, count())

    async def group_send(group: str, message: dict[str, Any]) -> None:
        doorbell.ring(EVERYONE, Changed(Owner("project.note", next(numbers))))
        await asyncio.sleep(0)

    monkeypatch.setattr(doorbell._layer, "group_send", group_send)
    doorbell.ring(EVERYONE, NEWS)
    await until(lambda: int(next(numbers)) > 100, "rings keep coming")
    doorbell.join(GROUP)
    await until(lambda: GROUP in doorbell._joined, "it joins")
    doorbell.leave(GROUP)
    await until(lambda: GROUP not in doorbell._layer.groups, "it leaves")


async def test_a_group_that_is_left_while_all_are_joined_again_is_left(doorbell: Doorbell) -> None:
    doorbell.join(GROUP)
    await until(lambda: GROUP in doorbell._joined, "it joins")
    doorbell.renew()
    doorbell.leave(GROUP)
    await until(lambda: EVERYONE in doorbell._joined, "it has joined again")
    assert set(doorbell._layer.groups) == {EVERYONE}


async def test_a_request_that_is_given_up_rings_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a view that its browser no longer waits for: what follows its ring is done as well, such as ending a
    session."""
    is_asked, may_go_on = asyncio.Event(), asyncio.Event()
    done = []

    async def group_send(group: str, message: dict[str, Any]) -> None:
        is_asked.set()
        await may_go_on.wait()
        done.append("sent")

    def view() -> None:
        ring(EVERYONE, NEWS)
        done.append("went on")

    monkeypatch.setattr(get_channel_layer(), "group_send", group_send)
    monkeypatch.setattr(doorbell_module, "PATIENCE_SECONDS", 3600.0)
    request = asyncio.create_task(sync_to_async(view)())
    await is_asked.wait()
    request.cancel()
    await asyncio.sleep(0.1)
    may_go_on.set()
    with suppress(asyncio.CancelledError):
        await request
    await until(lambda: done == ["sent", "went on"], "the view ends")


@pytest.mark.django_db
def test_an_account_rings_after_the_commit_of_its_own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    waited_for: list[str] = []
    monkeypatch.setattr(transaction, "on_commit", lambda call, using: waited_for.append(using))
    post_save.send(User, instance=User(pk=1), created=False, raw=False, using="users", update_fields=None)
    assert waited_for == ["users"]


@pytest.mark.django_db(transaction=True)
def test_code_that_commits_by_itself_may_save_an_account() -> None:
    ada = User.objects.create_user("ada")
    transaction.set_autocommit(False)
    try:
        ada.is_active = False
        ada.save()
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert not User.objects.get().is_active
