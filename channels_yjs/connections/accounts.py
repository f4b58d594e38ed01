"""The account that a connection belongs to, and whether its session still lasts. Knows the scope that Channels'
AuthMiddlewareStack makes, and works without it.
"""

from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist

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


async def user_now(scope: Any, account: Account) -> Any:
    """The user read again: the one in the scope is as old as the connection. Django's AnonymousUser, or None, if the
    session is over, as after a logout or a new password, or the account is gone or no longer active."""
    from channels.auth import get_user  # imported here: it needs the apps to be loaded

    if account.session:
        session = scope["session"]
        return await get_user({"session": session.__class__(session.session_key)})
    user = scope["user"]
    if not hasattr(user, "_meta") or user._state.adding:
        return user  # no row of a database, so only `authorize` can tell
    try:
        await user.arefresh_from_db()  # keeps what a middleware has noted on it
    except ObjectDoesNotExist:
        return None
    return user if user.is_active else None
