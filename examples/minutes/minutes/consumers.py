from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async

from channels_yjs.access import Access
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused

from .models import Meeting


class MeetingConsumer(DocumentConsumer):
    queryset = Meeting.objects.only("owner", "guest_key")

    async def authorize(self, meeting: Meeting) -> Access:
        query = parse_qs(self.scope["query_string"].decode())
        access_of = sync_to_async(meeting.access_of)
        access = await access_of(self.scope["user"], query.get("guest", [""])[0])
        if access is None:
            raise Refused(4403, "These minutes are for members.")
        return access

    def presence_name(self) -> str:
        return super().presence_name() or "Guest"


class MeetingsConsumer(LobbyConsumer):
    model = Meeting

    async def authorize(self) -> set[Any]:
        if not self.scope["user"].is_authenticated:
            raise Refused(4403, "Log in to see your meetings.")
        return {pk async for pk in Meeting.of(self.scope["user"]).values_list("pk", flat=True)}
