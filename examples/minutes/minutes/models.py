import secrets
from typing import Any

from django.conf import settings
from django.db import models

from channels_yjs.access import Access
from channels_yjs.models import SharedModel


class Meeting(SharedModel):
    subject = models.CharField(max_length=100)
    minutes = models.TextField(blank=True)
    date = models.DateField(null=True, blank=True)
    place = models.CharField(max_length=100, blank=True)
    done = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="meetings", blank=True)
    readers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="read_meetings", blank=True)
    guest_key = models.CharField(max_length=43, default=secrets.token_urlsafe, editable=False)

    shared_texts = {"minutes": "minutes"}  # maps the text's name in the browser to the field that follows it
    shared_values = {"date": "date", "place": "place", "done": "done"}

    def __str__(self) -> str:
        return self.subject

    def access_of(self, user: Any, guest_key: str) -> Access | None:
        """What a person may do here, whose address has this guest key in it. None if nothing. Blocking."""
        if user.pk == self.owner_id or self.members.filter(pk=user.pk).exists():
            return Access.WRITE
        is_guest = secrets.compare_digest(guest_key.encode(), self.guest_key.encode())
        return Access.READ if is_guest or self.readers.filter(pk=user.pk).exists() else None

    @classmethod
    def of(cls, user: Any) -> models.QuerySet["Meeting"]:
        """The meetings that a person sees in the list."""
        return cls.objects.filter(models.Q(owner=user) | models.Q(members=user) | models.Q(readers=user)).distinct()
