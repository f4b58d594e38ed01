"""The account that a connection belongs to, and whether its session still lasts. Knows the scope that Channels'
AuthMiddlewareStack makes, and works without it.
"""

from typing import Any, NamedTuple

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


async def user_of_session(scope: Any) -> Any:
    """The user whose session it is now, read again: the one in the scope is as old as the connection. Django's
    AnonymousUser if it is over: logged out, the password changed, the account gone or no longer active."""
    from channels.auth import get_user  # imported here: it needs the apps to be loaded

    session = scope["session"]
    return await get_user({"session": session.__class__(session.session_key)})
