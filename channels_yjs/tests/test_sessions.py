"""Connections end with their sessions, wherever that happens, and no other connection does."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.apps import apps
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_delete, post_save
from django.test import Client as Browser
from django.test.utils import isolate_apps
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from channels_yjs.access import Access, arecheck
from channels_yjs.connections import bounded
from channels_yjs.connections.accounts import Account, session_now, user_now
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused
from channels_yjs.hub import sessions
from channels_yjs.hub.doorbell import EVERYONE
from channels_yjs.hub.hub import Hub
from channels_yjs.hub.rings import ANY_ACCOUNT, AccountChanged, SessionEnded
from channels_yjs.models import Update
from channels_yjs.names import Owner
from channels_yjs.testing.client import Client
from channels_yjs.testing.peers import until
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.project.models import Note
from channels_yjs.wire.messages import Awareness, AwarenessEntry, CloseCode, Message, SyncStatus, decode, encode

ENDED = (4403, "Your session has ended.")
BACKENDS = [f"django.contrib.sessions.backends.{name}" for name in ("db", "cache", "cached_db", "signed_cookies")]
Connect = Callable[..., Any]


class ForMembers(DocumentConsumer):
    queryset = Note.objects.only("pk")
    asked: Counter[str] = Counter()

    async def authorize(self, owner: Note) -> Access:
        self.asked[self.scope["user"].get_username()] += 1
        return Access.WRITE if self.scope["user"].is_authenticated else Access.READ


class ForAll(DocumentConsumer):
    queryset = Note.objects.only("pk")


class WithNicknames(ForAll):
    def presence_name(self) -> None:
        return None


class List(LobbyConsumer):
    model = Note


class Person:
    """An account, logged in with one or more browsers."""

    def __init__(self, name: str) -> None:
        self.user = get_user_model().objects.create_superuser(name, password="secret")

    def log_in(self, of: str = "laptop") -> Browser:
        browser = Browser()
        assert browser.login(username=self.user.get_username(), password="secret")
        session = browser.session
        session["browser"] = of  # a signed cookie is its session: two of one second would be the same
        session.save()
        browser.cookies[project.SESSION_COOKIE_NAME] = session.session_key or ""
        return browser


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """Checking one is meant to take a while: a fifth of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
async def processes(start_hub: Callable[[], Hub]) -> list[Hub]:
    hubs = [start_hub(), start_hub()]
    await until(lambda: all(EVERYONE in hub.doorbell._joined for hub in hubs), "both processes listen")
    return hubs


@pytest.fixture
async def connect(note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    opened: list[Socket] = []
    consumers = {"list": List, "nicknames/<str:pk>": WithNicknames, "<str:pk>": ForMembers}
    router = URLRouter([path(address, consumer.as_asgi()) for address, consumer in consumers.items()])

    async def connect(browser: Browser | None, *, via: int = 0, at: Any = None) -> Socket:
        monkeypatch.setattr(bounded, "this_hub", lambda on_made: processes[via])
        name = project.SESSION_COOKIE_NAME
        cookies = f"{name}={browser.cookies[name].value}" if browser else ""
        opened.append(Socket(AuthMiddlewareStack(router), f"/{at or note.pk}", [(b"cookie", cookies.encode())]))
        assert (await opened[-1].connect())[0]
        await opened[-1].receive_output()
        return opened[-1]

    yield connect
    for socket in opened:
        await socket.disconnect()


async def close_of(socket: Socket) -> tuple[int, str]:
    while (output := await socket.receive_output())["type"] != "websocket.close":
        pass
    return output["code"], output["reason"]


async def expect_open(socket: Socket) -> None:
    await socket.send_to(bytes_data=encode(SyncStatus(b"\x01")))
    while decode(await socket.receive_from()) != SyncStatus(b"\x01"):
        pass


@sync_to_async
def log_out(browser: Browser) -> None:
    assert browser.post(reverse("logout")).status_code == 302


@pytest.mark.parametrize("backend", BACKENDS)
async def test_who_logs_out_is_closed_in_every_process_and_their_other_browser_is_not(
    connect: Connect, settings: Any, backend: str
) -> None:
    settings.SESSION_ENGINE = backend
    ada = await sync_to_async(Person)("ada")
    laptop, phone = await sync_to_async(ada.log_in)(), await sync_to_async(ada.log_in)("phone")
    here, there = await connect(laptop), await connect(laptop, via=1)
    elsewhere, nobody = await connect(phone), await connect(None)
    watching = await connect(laptop, at="list")
    await log_out(laptop)
    for socket in (here, there, watching):
        assert await close_of(socket) == ENDED
    await expect_open(elsewhere)
    await expect_open(nobody)


@pytest.fixture
async def connect_as(note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """For users that a middleware has found without a session, as by a token."""
    monkeypatch.setattr(bounded, "this_hub", lambda on_made: processes[0])
    opened: list[Socket] = []

    async def connect_as(user: Any, browser: Browser | None = None) -> Socket:
        door = ForMembers.as_asgi()

        async def with_token(scope: Any, receive: Any, send: Any) -> None:
            await door({**scope, "user": user, "url_route": {"kwargs": {"pk": str(note.pk)}}}, receive, send)

        name = project.SESSION_COOKIE_NAME
        cookies = [(b"cookie", f"{name}={browser.cookies[name].value}".encode())] if browser else []
        opened.append(Socket(AuthMiddlewareStack(with_token), f"/{note.pk}", cookies))
        assert (await opened[-1].connect())[0]
        await expect_open(opened[-1])
        return opened[-1]

    yield connect_as
    for socket in opened:
        await socket.disconnect()


async def test_a_user_who_is_no_row_is_taken_as_the_middleware_says(connect_as: Connect) -> None:
    await connect_as(User(username="service"))


@pytest.mark.parametrize("is_logged_in", [True, False])
async def test_a_token_counts_and_not_the_session_that_comes_with_it(connect_as: Connect, is_logged_in: bool) -> None:
    """The browser is another one's, or has a session without an account, as for a basket."""
    ada, bob = await sync_to_async(Person)("ada"), await sync_to_async(Person)("bob")
    browser = await sync_to_async(ada.log_in)()
    if not is_logged_in:
        await log_out(browser)
    asked = ForMembers.asked["bob"]
    socket = await connect_as(bob.user, browser)
    bob.user.first_name = "Bob"
    await get_user_model()(pk=bob.user.pk, username="bob").asave()
    await until(lambda: ForMembers.asked["bob"] == asked + 2, "Bob is asked again")
    await expect_open(socket)


async def test_a_permission_behind_a_token_is_looked_up_again(
    connect_as: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def authorize(self: ForMembers, owner: Note) -> Access:
        if not await sync_to_async(self.scope["user"].has_perm)("project.change_note"):
            raise Refused(4403, "No more.")
        return Access.WRITE

    monkeypatch.setattr(ForMembers, "authorize", authorize)
    bob = await get_user_model().objects.acreate(username="bob")
    permission = await Permission.objects.aget(codename="change_note")
    await bob.user_permissions.aadd(permission)
    socket = await connect_as(bob)
    await bob.user_permissions.aremove(permission)
    assert await close_of(socket) == (4403, "No more.")


def fail(*args: Any, **kwargs: Any) -> Any:
    raise ConnectionError("The cache is away.")


async def test_a_cache_that_does_not_answer_logs_nobody_out(
    connect: Connect, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    ada = await sync_to_async(Person)("ada")
    socket = await connect(await sync_to_async(ada.log_in)())

    for name in ("get", "has_key"):
        monkeypatch.setattr(LocMemCache, name, fail)
    await ada.user.asave()
    assert (await close_of(socket))[0] == CloseCode.TRY_AGAIN


def guest() -> Browser:
    """Without an account, but with a right that is noted in the session, as by a link that was sent."""
    browser = Browser()
    session = browser.session
    session["is_invited"] = True
    session.save()
    browser.cookies[project.SESSION_COOKIE_NAME] = session.session_key or ""
    return browser


@sync_to_async
def change(browser: Browser, **noted: Any) -> None:
    session = browser.session
    session.update(noted)
    session.save()


@pytest.fixture(params=["get", "aget"])
def is_for_invited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def authorize(self: ForMembers, owner: Note) -> Access:
        self.asked["guest"] += 1
        session = self.scope["session"]
        is_async = request.param == "aget"
        is_invited = await (session.aget if is_async else sync_to_async(session.get))("is_invited")
        if not is_invited:
            raise Refused(4403, "You are not invited any more.")
        return Access.WRITE

    monkeypatch.setattr(ForMembers, "authorize", authorize)


@pytest.mark.usefixtures("is_for_invited")
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_right_in_a_session_without_an_account_is_looked_up_again(
    connect: Connect, note: Note, settings: Any, backend: str
) -> None:
    """A signed cookie stays what it was when the line was opened."""
    settings.SESSION_ENGINE = backend
    browser = await sync_to_async(guest)()
    socket = await connect(browser)
    asked = ForMembers.asked["guest"]
    await change(browser, seen=1)
    await arecheck(note)
    await until(lambda: ForMembers.asked["guest"] > asked, "the guest is asked for again")
    await expect_open(socket)
    await change(browser, is_invited=False)
    await arecheck(note)
    if "signed_cookies" in backend:
        await until(lambda: ForMembers.asked["guest"] > asked + 1, "the guest is asked for once more")
        await expect_open(socket)
    else:
        assert await close_of(socket) == (4403, "You are not invited any more.")


@pytest.mark.usefixtures("is_for_invited")
async def test_a_cache_that_does_not_answer_takes_no_right_for_good(
    connect: Connect, note: Note, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    socket = await connect(await sync_to_async(guest)())
    monkeypatch.setattr(LocMemCache, "get", fail)
    monkeypatch.setattr(LocMemCache, "has_key", fail)
    await arecheck(note)
    assert (await close_of(socket))[0] == CloseCode.TRY_AGAIN


def test_a_session_in_which_the_connection_has_set_something_is_left_as_it_is() -> None:
    """As by a middleware of the project, which need not save it."""
    session = SessionStore("some-key")
    assert session_now(session) is not session
    session._session_cache = {}  # type: ignore[attr-defined] # as of one that has been read
    session["tenant"] = 1
    assert session_now(session) is session


@pytest.mark.django_db(transaction=True)
async def test_the_permissions_of_a_lazy_user_are_looked_up_too() -> None:
    user = await get_user_model().objects.acreate(username="bob")
    lazy = SimpleLazyObject(lambda: user)
    assert not lazy.is_superuser
    user._perm_cache = {"project.change_note"}  # type: ignore[attr-defined]
    assert await sync_to_async(user_now)({"user": lazy}, Account(str(user.pk), "")) == user
    assert not hasattr(user, "_perm_cache")


@pytest.mark.parametrize("end", ["inactive", "deleted"])
async def test_an_account_without_a_session_is_looked_up_again(
    connect_as: Connect, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    user = (await sync_to_async(Person)("ada")).user
    at_connection = await User.objects.aget(pk=user.pk)
    at_connection.scopes = ["minutes"]  # type: ignore[attr-defined] # as a middleware may note it
    seen: list[Any] = []

    async def authorize(door: ForMembers, owner: Note) -> Access:
        seen.append(door.scope["user"].scopes)
        return Access.WRITE

    monkeypatch.setattr(ForMembers, "authorize", authorize)
    socket = await connect_as(at_connection)
    assert seen == [["minutes"]]
    if end == "inactive":
        user.is_active = False
        await user.asave()
    else:
        await user.adelete()
    assert await close_of(socket) == ENDED


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("end", ["password", "inactive", "deleted"])
async def test_a_session_ends_with_the_password_and_the_account(
    connect: Connect, settings: Any, backend: str, end: str
) -> None:
    settings.SESSION_ENGINE = backend
    ada, grace = await sync_to_async(Person)("ada"), await sync_to_async(Person)("grace")
    sockets = [await connect(await sync_to_async(ada.log_in)(), via=process) for process in (0, 1)]
    other = await connect(await sync_to_async(grace.log_in)())
    if end == "password":
        ada.user.set_password("another")
        await ada.user.asave()
    elif end == "inactive":
        ada.user.is_active = False
        await ada.user.asave()
    else:
        await ada.user.adelete()
    for socket in sockets:
        assert await close_of(socket) == ENDED
    await expect_open(other)


LEAVE: dict[str, Callable[[Any, Any], None]] = {
    "removed": lambda user, group: user.groups.remove(group),
    "removed from the group": lambda user, group: group.user_set.remove(user),
    "set": lambda user, group: user.groups.set([]),
    "cleared": lambda user, group: user.groups.clear(),
    "cleared from the group": lambda user, group: group.user_set.clear(),
    "removed with many": lambda user, group: group.user_set.remove(*range(10_000, 10_100), user),
}


@pytest.mark.parametrize("leave", LEAVE.values(), ids=LEAVE)
async def test_a_right_ends_with_the_group_that_gives_it(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, leave: Callable[[Any, Any], None]
) -> None:
    async def authorize(self: ForMembers, owner: Note) -> Access:
        is_editor = await self.scope["user"].groups.filter(name="editors").aexists()
        if not is_editor:
            raise PermissionDenied
        return Access.WRITE

    monkeypatch.setattr(ForMembers, "authorize", authorize)
    ada, group = await sync_to_async(Person)("ada"), await Group.objects.acreate(name="editors")
    await ada.user.groups.aadd(group)
    socket = await connect(await sync_to_async(ada.log_in)())
    await sync_to_async(leave)(ada.user, group)
    assert await close_of(socket) == (4403, "You may not open this.")


@pytest.mark.django_db
def test_permissions_and_groups_that_are_given_ring_for_those_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    ada, grace = Person("ada").user, Person("grace").user
    monkeypatch.setattr(sessions, "ring_after_commit", lambda group, ring, using: rung.append(ring))
    ada.user_permissions.add(Permission.objects.all()[0])
    group = Group.objects.create(name="editors")
    ada.groups.add(group)
    group.user_set.set([grace])
    assert rung == [AccountChanged(str(user.pk)) for user in (ada, ada, ada, grace)]
    rung.clear()
    group.user_set.set(User.objects.bulk_create(User(username=f"guest {number}") for number in range(100)))
    group.user_set.clear()
    assert rung == [AccountChanged(str(grace.pk)), AccountChanged(ANY_ACCOUNT), AccountChanged(ANY_ACCOUNT)]


@isolate_apps("channels_yjs.tests.project")
@pytest.mark.django_db
def test_an_account_that_is_saved_as_a_proxy_is_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    class Customer(User):
        class Meta:
            app_label = "project"
            proxy = True

    rung: list[Any] = []
    monkeypatch.setattr(sessions, "ring_after_commit", lambda group, ring, using: rung.append(ring))
    monkeypatch.setattr(apps, "get_models", lambda: [User, Customer])
    sessions.watch_sessions()
    try:
        ada = Customer.objects.get(pk=Person("ada").user.pk)
        rung.clear()
        ada.is_active = False
        ada.save()
        assert rung == [AccountChanged(str(ada.pk))]
    finally:
        post_save.disconnect(sessions.ring_account_saved, Customer)
        post_delete.disconnect(sessions.ring_account_changed, Customer)


@pytest.mark.django_db
def test_sessions_that_have_expired_are_deleted_without_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(sessions, "ring_after_commit", lambda group, ring, using: rung.append(ring))
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, expire_date=timezone.now() + timedelta(days))
    Session.objects.all().delete()
    assert rung == [SessionEnded(sessions.fingerprint("new"))]


async def test_a_session_that_is_deleted_has_ended(connect: Connect) -> None:
    ada = await sync_to_async(Person)("ada")
    socket = await connect(await sync_to_async(ada.log_in)())
    await Session.objects.all().adelete()
    assert await close_of(socket) == ENDED


async def test_logging_in_elsewhere_asks_nobody_again(connect: Connect) -> None:
    ada, grace = await sync_to_async(Person)("ada"), await sync_to_async(Person)("grace")
    for person in (ada, grace):
        await connect(await sync_to_async(person.log_in)())
    asked = ForMembers.asked.copy()
    await sync_to_async(ada.log_in)()
    grace.user.first_name = "Grace"
    await grace.user.asave()  # a fence: rings are heard in order
    await until(lambda: ForMembers.asked["grace"] == asked["grace"] + 1, "Grace, whose account changed, is asked")
    assert ForMembers.asked["ada"] == asked["ada"]


@pytest.fixture
def is_rechecked_often(settings: Any) -> None:
    settings.YJS_RECHECK_SECONDS = 0.05


@pytest.mark.usefixtures("is_rechecked_often")
async def test_what_no_signal_tells_is_found_by_the_regular_recheck(connect: Connect) -> None:
    ada = await sync_to_async(Person)("ada")
    socket = await connect(await sync_to_async(ada.log_in)())
    await get_user_model().objects.filter(pk=ada.user.pk).aupdate(is_active=False)
    assert await close_of(socket) == ENDED


async def test_authorize_sees_the_account_as_it_is_now(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def authorize(self: ForMembers, owner: Note) -> Access:
        seen.append(self.scope["user"].first_name)
        return Access.WRITE

    monkeypatch.setattr(ForMembers, "authorize", authorize)
    ada = await sync_to_async(Person)("ada")
    await connect(await sync_to_async(ada.log_in)())
    ada.user.first_name = "Augusta"
    await ada.user.asave()
    await until(lambda: seen == ["", "Augusta"], "the new name is seen")


async def test_who_is_renamed_goes_by_the_new_name(connect: Connect, note: Note, processes: list[Hub]) -> None:
    """In the lists, in what they say of themselves next, and as the author of what they write."""
    ada = await sync_to_async(Person)("ada")
    socket, here = await connect(await sync_to_async(ada.log_in)()), Owner.of(note)

    def names() -> list[str]:
        return [person["name"] for person in processes[1].lobby.people_in(here)]

    async def say(clock: int, **more: Any) -> None:
        state = json.dumps({"user": {"name": "anybody", "color": "#123456"}, **more})
        await socket.send_to(bytes_data=encode(Awareness((AwarenessEntry(7, clock, state),))))

    await say(1)
    await until(lambda: names() == ["ada"], "Ada is here")
    ada.user.username = "augusta"
    await ada.user.asave()
    await until(lambda: names() == ["augusta"], "she has the new name")
    await say(3, cursor=1)
    sent: list[Message] = []
    client = Client("body")
    client.say = sent.append
    client.type("Tea")
    for update in sent:
        await socket.send_to(bytes_data=encode(update))
    await expect_open(socket)
    assert names() == ["augusta"]
    assert [update.authors async for update in Update.objects.filter(seq__gt=1)] == [[["augusta", str(ada.user.pk)]]]


async def test_asking_again_ends_no_session_that_was_made_with_an_older_key(connect: Connect, settings: Any) -> None:
    ada = await sync_to_async(Person)("ada")
    socket = await connect(await sync_to_async(ada.log_in)())
    before = [session async for session in Session.objects.values()]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    asked = ForMembers.asked["ada"]
    await ada.user.asave()
    await until(lambda: ForMembers.asked["ada"] > asked, "Ada is asked for again")
    await expect_open(socket)
    assert [session async for session in Session.objects.values()] == before


async def test_who_chooses_a_name_is_a_guest_where_others_have_accounts(
    connect: Connect, note: Note, processes: list[Hub]
) -> None:
    """Also with an account, or else one could pass for another. Where nobody has an account, nobody is one."""
    ada = await sync_to_async(Person)("ada")
    outside = Socket(URLRouter([path("<str:pk>", ForAll.as_asgi())]), f"/{note.pk}")
    laptop = await sync_to_async(ada.log_in)()
    nickname = await connect(laptop, at=f"nicknames/{note.pk}")
    sockets = [await connect(laptop), await connect(None), nickname, outside]
    assert (await outside.connect())[0]
    for client, socket in enumerate(sockets):
        state = json.dumps({"user": {"name": "ada", "color": "#123456", "guest": client == 0}})
        await socket.send_to(bytes_data=encode(Awareness((AwarenessEntry(client, 1, state),))))
        await expect_open(socket)
    here = Owner.of(note)
    await until(lambda: len(processes[0].lobby.people_in(here)) == len(sockets), "all are in the list")
    assert [person.get("guest", False) for person in processes[0].lobby.people_in(here)] == [False, True, True, False]
    await outside.disconnect()


def test_no_key_of_a_session_is_rung() -> None:
    assert "key" not in sessions.fingerprint("key")
    assert len(sessions.fingerprint("key")) == 64
