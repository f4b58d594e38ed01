"""The WebSocket of a note. So far it sends back what it hears."""

from channels.generic.websocket import AsyncWebsocketConsumer


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data)
