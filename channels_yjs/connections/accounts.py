"""The account that a connection belongs to, and whether its session still lasts. Knows the scope that Channels'
AuthMiddlewareStack makes, and works without it.
"""

from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest

from channels_yjs.hub.sessions import fingerprint

SESSION_ENDED = "Your session has ended."


PERMISSIONS = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")  # what ModelBackend keeps on a user


class Account(NamedTuple):
    user: str  # the key, as text
    session: str  # the fingerprint of the session's key; "" if the user is not of a session, as with a token


def user_of(scope: Any) -> Any:
    """The user who is logged in, or None."""
    user = scope.get("user")
    return user if user and user.is_authenticated else None


def account_of(scope: Any) -> Account | None:
    user = user_of(scope)
    if user is None:
        return None
    session = scope.get("session")
    key = getattr(session, "session_key", None)
    stored = getattr(session, "_session_cache", None)  # what AuthMiddleware has read
    is_theirs = stored is None or stored.get(SESSION_KEY) == str(user.pk)  # another middleware may name another user
    return Account(str(user.pk), fingerprint(key) if key and is_theirs else "")


class Snapshot(dict[str, Any]):
    """What a session holds. Looking at a user must change nothing, and Django's `get_user` does both of these."""

    def flush(self) -> None: ...
    def cycle_key(self) -> None: ...


def user_now(scope: Any, account: Account) -> Any:
    """The user read again: the one in the scope is as old as the connection. Django's AnonymousUser, or None, if the
    session is over, as after a logout or a new password, or the account is gone or no longer active. Blocking."""
    if account.session:
        user = get_user(cast("HttpRequest", SimpleNamespace(session=Snapshot(stored_in(scope["session"])))))
        return user if str(user.pk) == account.user else None
    user = scope["user"]
    if not hasattr(user, "_meta") or user._state.adding:
        return user  # no row of a database, so only `authorize` can tell
    try:
        user.refresh_from_db()  # keeps what a middleware has noted on it
    except ObjectDoesNotExist:
        return None
    for kept in PERMISSIONS:
        if hasattr(user, kept):  # it may be a lazy one, which passes both on
            delattr(user, kept)
    return user if user.is_active else None


def session_now(session: Any) -> Any:
    """The session, to be read again once somebody looks into it: the one in the scope is as old as the connection.
    Unchanged if something was set in it, which need not be saved."""
    if not isinstance(session, SessionBase) or not session.session_key or session.modified:
        return session
    kind: Any = session.__class__  # not `type`: Channels' is a lazy one
    again = kind(session.session_key)
    again.load = partial(stored_in, kind(session.session_key))  # not the last one, which would keep all before it
    again.aload = sync_to_async(again.load)
    return again


def stored_in(session: Any) -> dict[str, Any]:
    """What a session holds by now. A cache that does not answer looks to `load` like an empty session, so that all
    would be logged out; `exists` raises then."""
    stored: dict[str, Any] = session.__class__(session.session_key).load()
    if not stored and session.exists(session.session_key):
        stored = session.__class__(session.session_key).load()
    return stored
