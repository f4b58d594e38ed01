from typing import Any

from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused

from .models import Meeting


class MeetingConsumer(DocumentConsumer):
    queryset = Meeting.objects.only("pk")

    async def authorize(self, meeting: Meeting) -> None:
        if not await meeting.members.filter(pk=self.scope["user"].pk).aexists():
            raise Refused(4403, "These minutes are for members.")


class MeetingsConsumer(LobbyConsumer):
    model = Meeting

    async def authorize(self) -> set[Any]:
        if not self.scope["user"].is_authenticated:
            raise Refused(4403, "Log in to see your meetings.")
        return {pk async for pk in self.scope["user"].meetings.values_list("pk", flat=True)}
