from django.conf import settings
from django.db import models

from channels_yjs.models import SharedModel


class Meeting(SharedModel):
    subject = models.CharField(max_length=100)
    minutes = models.TextField(blank=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="meetings")

    shared_texts = {"minutes": "minutes"}  # maps the text's name in the browser to the field that follows it

    def __str__(self) -> str:
        return self.subject
