"""The account that a connection belongs to, and whether its session still lasts. Knows the scope that Channels'
AuthMiddlewareStack makes, and works without it.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from django.contrib.auth import get_user
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest

from channels_yjs.hub.sessions import fingerprint

SESSION_ENDED = "Your session has ended."


class Account(NamedTuple):
    user: str  # the key, as text
    session: str  # the fingerprint of the session's key; "" if there is no session, as with a token


def user_of(scope: Any) -> Any:
    """The user who is logged in, or None."""
    user = scope.get("user")
    return user if user and user.is_authenticated else None


def account_of(scope: Any) -> Account | None:
    user = user_of(scope)
    if user is None:
        return None
    key = getattr(scope.get("session"), "session_key", None)
    return Account(str(user.pk), fingerprint(key) if key else "")


class Snapshot(dict[str, Any]):
    """What a session holds. Looking at a user must change nothing, and Django's `get_user` does both of these."""

    def flush(self) -> None: ...
    def cycle_key(self) -> None: ...


def user_now(scope: Any, account: Account) -> Any:
    """The user read again: the one in the scope is as old as the connection. Django's AnonymousUser, or None, if the
    session is over, as after a logout or a new password, or the account is gone or no longer active. Blocking."""
    if account.session:
        session = scope["session"]
        stored = session.__class__(session.session_key).load()
        return get_user(cast("HttpRequest", SimpleNamespace(session=Snapshot(stored))))
    user = scope["user"]
    if not hasattr(user, "_meta") or user._state.adding:
        return user  # no row of a database, so only `authorize` can tell
    try:
        user.refresh_from_db()  # keeps what a middleware has noted on it
    except ObjectDoesNotExist:
        return None
    return user if user.is_active else None
