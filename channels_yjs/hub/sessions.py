"""Tells every process when a session ends or an account changes. If a ring is lost, or somebody uses SQL, the regular
recheck makes up for it."""

import hashlib
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils import timezone

from .doorbell import EVERYONE, ring_after_commit
from .rings import ANY_ACCOUNT, AccountChanged, SessionEnded

MOST_RINGS = 20  # for one change; each of them is a message to all processes


def watch_sessions() -> None:
    user_logged_out.connect(ring_logged_out)
    if apps.is_installed("django.contrib.sessions"):
        post_delete.connect(ring_session_deleted, sender="sessions.Session")
    if apps.is_installed(settings.AUTH_USER_MODEL.partition(".")[0]) or apps.is_installed("django.contrib.auth"):
        user_model = get_user_model()
        for model in apps.get_models():  # a proxy or a child sends signals of its own
            if issubclass(model, user_model):
                post_save.connect(ring_account_saved, sender=model)
                post_delete.connect(ring_account_changed, sender=model)
        for field in user_model._meta.many_to_many:  # such as groups and permissions
            m2m_changed.connect(ring_accounts_related, sender=field.remote_field.through)


def fingerprint(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


def ring_logged_out(request: Any, **kwargs: Any) -> None:
    """Django sends this signal before it deletes the session, so nobody may look whether it still exists."""
    ring_session_ended(getattr(getattr(request, "session", None), "session_key", None))


def ring_session_deleted(instance: Any, using: str, **kwargs: Any) -> None:
    """Skips those that have expired, of which `clearsessions` deletes thousands. The regular recheck finds them."""
    if instance.expire_date > timezone.now():
        ring_session_ended(instance.pk, using)


def ring_session_ended(key: str | None, using: str = DEFAULT_DB_ALIAS) -> None:
    if key:
        ring_after_commit(EVERYONE, SessionEnded(fingerprint(key)), using)


def ring_account_saved(instance: Any, created: bool, using: str, update_fields: Any = None, **kwargs: Any) -> None:
    """Skips what Django saves at each login."""
    if not created and set(update_fields or ()) != {"last_login"}:
        ring_account_changed(instance, using)


def ring_account_changed(instance: Any, using: str, **kwargs: Any) -> None:
    ring_after_commit(EVERYONE, AccountChanged(str(instance.pk)), using)


def ring_accounts_related(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, using: str, **kwargs: Any
) -> None:
    """Accounts got or lost something, such as a group. Once that is cleared, nobody knows which had it."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    accounts = pk_set if reverse else [instance.pk]
    if accounts is None:
        user_model = get_user_model()
        [name] = [field.name for field in user_model._meta.many_to_many if field.remote_field.through is sender]
        accounts = user_model._base_manager.using(using).filter(**{name: instance}).values_list("pk", flat=True)
    for key in accounts if len(accounts) <= MOST_RINGS else [ANY_ACCOUNT]:
        ring_after_commit(EVERYONE, AccountChanged(str(key)), using)
