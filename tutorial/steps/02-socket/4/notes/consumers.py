from channels.generic.websocket import AsyncWebsocketConsumer


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
