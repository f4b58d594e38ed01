"""Mistakes that readers make, chapter by chapter: what is to be there, what they have instead, and what `check` says.

LOUD ones have something printed. SILENT ones change what the project does, and nothing complains: `check` would say
that all is well if no browser test looked there.
"""

from dataclasses import dataclass
from pathlib import Path

from tutorial.steps import write_project

SETTINGS, ASGI = "realtime_notes/settings.py", "realtime_notes/asgi.py"
VIEWS, CONSUMERS, ROUTING = "notes/views.py", "notes/consumers.py", "notes/routing.py"
DETAIL, NOTE_JS = "templates/notes/detail.html", "notes/static/notes/js/note.js"
LIST_JS = "notes/static/notes/js/list.js"
TOGETHER = "e2e/together/test_together.py"


@dataclass(frozen=True)
class Mistake:
    chapter: int
    what: str
    file: str
    right: str  # or nothing: then the file is missing
    wrong: str
    answers: tuple[str, ...]  # what is said, in this order
    only: str = ""  # words of the test that notices, where it takes long to come to that

    def __str__(self) -> str:
        return f"{self.chapter} {self.what}"

    def make_in(self, folder: Path) -> None:
        write_project(self.chapter, folder)
        file = folder / self.file
        if not self.right:
            file.unlink()
            return
        text = file.read_text(encoding="utf-8")
        assert self.right in text, f"{self.file} has no {self.right!r}"
        file.write_text(text.replace(self.right, self.wrong), encoding="utf-8")


SAVE = "what is written is there after a reload"
FIND = "a note is created found and deleted"
ANSWER = "the server answers what is written"
TYPING = "typing appears at the other side"
IN_VAIN = "the tests of the readers fail where nothing is delivered"
LOUD = [
    Mistake(
        1,
        "a template in the wrong place",
        "templates/notes/list.html",
        "",
        "",
        ("templates/notes/", "TemplateDoesNotExist", "templates/notes/list.html is missing."),
        FIND,
    ),
    Mistake(
        2,
        "no daphne",
        SETTINGS,
        '    "daphne",',
        '    # "daphne",',
        ('"daphne" is missing', "Not Found: /ws/notes/", 'chapter\'s: "daphne",', "Read again: chapter 2"),
    ),
    Mistake(
        2,
        "as_asgi is missing",
        ROUTING,
        ".as_asgi()",
        "",
        (".as_asgi() is missing", "can't be used in 'await' expression"),
    ),
    Mistake(
        3,
        "no channel layer",
        SETTINGS,
        "CHANNEL_LAYERS",
        "CHANNEL_LAYER",
        ("CHANNEL_LAYERS is missing", "group_add", "yours:     CHANNEL_LAYER =", "chapter's: CHANNEL_LAYERS ="),
        TYPING,
    ),
    Mistake(
        3,
        "a handler by another name",
        CONSUMERS,
        "def note_changed",
        "def note_change",
        ("note_changed", "No handler for message type"),
        TYPING,
    ),
    Mistake(
        4,
        "the consumers are imported first",
        ASGI,
        "django_application = get_asgi_application()",
        "from notes.routing import websocket_urlpatterns\ndjango_application = get_asgi_application()",
        ("✗ Your server does not start.", "get_asgi_application() has to be called before", "AppRegistryNotReady"),
    ),
    Mistake(
        5,
        "an address of one's own",
        TOGETHER,
        'page.goto("/")',
        'page.goto("http://127.0.0.1:8765/")',
        ("--base-url", "ERR_CONNECTION_REFUSED"),
        "two tests of the readers pass",
    ),
    Mistake(
        6,
        "no migration",
        "notes/migrations/0003_update.py",
        "",
        "",
        ("python manage.py migrate", "no such table: notes_update"),
        TYPING,
    ),
    Mistake(
        6,
        "the app of the package is missing",
        SETTINGS,
        '    "channels_yjs",\n',
        "",
        ('"channels_yjs" is missing in', "channels_yjs/importmap.html"),
        TYPING,
    ),
    Mistake(
        7,
        "a number taken in Python",
        "notes/documents.py",
        'update(seq=F("seq") + 1, ',
        "update(",
        ('append has to count with F("seq") + 1', "UNIQUE constraint failed: notes_update.note_id, notes_update.seq"),
        "nobody sees what the database does not hold",
    ),
    Mistake(
        8,
        "a handler by another name",
        CONSUMERS,
        "def note_asked",
        "def note_ask",
        ("note_presence and note_asked", "No handler for message type note.asked"),
        "everybody sees who is here",
    ),
    Mistake(
        12,
        "no nonce",
        SETTINGS,
        '                "csp.context_processors.nonce",\n',
        "",
        ("nonce", "Content Security Policy"),
        "keeps its own policy",
    ),
    Mistake(
        13,
        "no accounts at the socket",
        ASGI,
        "SameSiteOrigins(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))",
        "SameSiteOrigins(URLRouter(websocket_urlpatterns))",
        ("AuthMiddlewareStack in asgi.py", "KeyError: 'user'"),
        "a reader sees every letter",
    ),
    Mistake(
        10,
        "an address as before",
        ROUTING,
        "?P<pk>",
        "?P<note_id>",
        ("the argument is called pk now", "Cannot resolve keyword 'note_id' into field"),
        "the server logs who came",
    ),
]

SILENT = [
    Mistake(
        1,
        "another name of the text",
        DETAIL,
        'name="text"',
        'name="body"',
        ('yours:     <textarea id="body" name="body"',),
        SAVE,
    ),
    Mistake(1, "nothing is saved", VIEWS, "    note.save()\n", "", ("chapter's: note.save()",), SAVE),
    Mistake(1, "nothing is deleted", VIEWS, "    note.delete()\n", "", ("chapter's: note.delete()",), FIND),
    Mistake(
        1,
        "the search finds everything",
        VIEWS,
        "notes = notes.filter(",
        "notes.filter(",
        ("yours:     notes.filter(",),
        FIND,
    ),
    Mistake(
        2,
        "the script is no module",
        DETAIL,
        '<script type="module"',
        "<script",
        ("A browser's console: ", 'chapter\'s: <script type="module"'),
        ANSWER,
    ),
    Mistake(
        2,
        "nothing is answered",
        CONSUMERS,
        "await self.send(text_data)",
        "pass",
        ("chapter's: await self.send(text_data)",),
        ANSWER,
    ),
    Mistake(
        2,
        "sent only when one leaves the field",
        NOTE_JS,
        '"input"',
        '"change"',
        ('yours:     body.addEventListener("change"',),
        ANSWER,
    ),
    Mistake(
        2,
        "an answer that is not awaited",
        CONSUMERS,
        "await self.send",
        "self.send",
        ("notes/consumers.py, line 11: self.send(…) is not awaited", "Write: await self.send(…)"),
        ANSWER,
    ),
    Mistake(
        3,
        "one group for all notes",
        CONSUMERS,
        'f"note.{self.note_id}"',
        '"note"',
        ("needs the number of the note", 'yours:     self.group = "note"'),
        "notes do not mix",
    ),
    Mistake(
        3,
        "a change that is not awaited",
        CONSUMERS,
        "await self.channel_layer.group_send",
        "self.channel_layer.group_send",
        ("notes/consumers.py, line 27: self.channel_layer.group_send(…) is not awaited",),
        TYPING,
    ),
    Mistake(
        3,
        "an echo",
        CONSUMERS,
        'if event["by"] != self.channel_name:',
        'if event["by"]:',
        ("The message came back to its sender",),
        "what the server says late undoes nothing",
    ),
    Mistake(
        3,
        "nothing is stored",
        CONSUMERS,
        "        await Note.objects.filter(pk=self.note_id).aupdate(**fields, updated_at=timezone.now())\n",
        "",
        ("chapter's: await Note.objects.filter",),
        "a late joiner sees the whole note",
    ),
    Mistake(
        3,
        "the title is not listened to",
        NOTE_JS,
        "of [title, body]",
        "of [body]",
        ("yours:     for (const field of [body]) {",),
        "both write in title and body",
    ),
    Mistake(
        3,
        "saved is said too early",
        NOTE_JS,
        "message.saved === number",
        '"saved" in message',
        ("yours:     } else if ",),
        "saved is not said of what is on its way",
    ),
    Mistake(
        4,
        "another variable",
        SETTINGS,
        'env.str("REDIS_URL"',
        'env.str("REDIS"',
        (
            "the two do not hear each other → REDIS_URL has to be set",
            'yours:     REDIS_URL = env.str("REDIS"',
            'chapter\'s: REDIS_URL = env.str("REDIS_URL"',
        ),
        "people on two processes write one note",
    ),
    Mistake(
        4,
        "Redis is not used",
        SETTINGS,
        "if REDIS_URL",
        "if not DEBUG",
        ("the two do not hear each other → REDIS_URL has to be set", "yours:     if not DEBUG"),
        "people on two processes write one note",
    ),
    Mistake(
        4,
        "the post office of chapter 3",
        SETTINGS,
        "channels_redis.pubsub.RedisPubSubChannelLayer",
        "channels.layers.InMemoryChannelLayer",
        ('chapter\'s: "BACKEND": "channels_redis',),
        "people on two processes write one note",
    ),
    Mistake(
        5,
        "one page for two people",
        TOGETHER,
        "ada, grace = open_note(note), open_note(note)\n",
        "ada = grace = open_note(note)\n",
        ("passes even on a server that delivers nothing", "yours:     ada = grace = open_note(note)"),
        IN_VAIN,
    ),
    Mistake(
        5,
        "one page for two who listen",
        TOGETHER,
        "ada, grace, alan = open_note(note), open_note(note), open_note(note)\n",
        "ada, alan = open_note(note), open_note(note)\n    grace = alan\n",
        ("test_another_note_stays_as_it_is passes even on a server that delivers nothing", "yours:     grace = alan"),
        IN_VAIN,
    ),
    Mistake(
        5,
        "one browser context for two people",
        TOGETHER,
        """def open_note(new_context: Callable[..., BrowserContext]) -> Open:
    \"\"\"Opens a note as somebody else would, at another computer.\"\"\"

    def open_note(address: str) -> Page:
        page = new_context().new_page()
""",
        """def open_note(context: BrowserContext) -> Open:
    def open_note(address: str) -> Page:
        page = context.new_page()
""",
        ("passes even on a server that delivers nothing", "yours:     page = context.new_page()"),
        IN_VAIN,
    ),
    Mistake(
        5,
        "giving up without a word",
        TOGETHER,
        """        assert time.monotonic() < deadline, f"The note should read {text!r}, but it reads {read(person)!r}"
""",
        """        if time.monotonic() > deadline:
            return
""",
        ("passes even on a server that delivers nothing", "chapter's: assert time.monotonic() < deadline"),
        IN_VAIN,
    ),
    Mistake(
        6,
        "stored and not passed on",
        CONSUMERS,
        """        await self.channel_layer.group_send(self.group, {"type": "note.changed", "frame": frame})
""",
        "",
        ("chapter's: await self.channel_layer.group_send",),
        TYPING,
    ),
    Mistake(
        6,
        "passed on and not stored",
        CONSUMERS,
        "        await database_sync_to_async(documents.append)(self.note_id, update)\n",
        "",
        ("chapter's: await database_sync_to_async(documents.append)",),
        "a late joiner sees the whole note",
    ),
    Mistake(
        6,
        "a title of many lines",
        NOTE_JS,
        "  isOneLine: true,\n",
        "",
        ("chapter's: isOneLine: true,",),
        "the title stays one line",
    ),
    Mistake(
        7,
        "the number from a second question",
        CONSUMERS,
        "self.known = rows[-1].seq if rows else 0",
        """from .models import Note
            self.known = (await Note.objects.aget(pk=self.note_id)).seq""",
        ("a newcomer lacks a word that all others have", "chapter's: self.known = rows[-1].seq"),
        "who comes while others write lacks nothing",
    ),
    Mistake(
        7,
        "nobody looks without a ring",
        CONSUMERS,
        """            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await self.look()
""",
        "            await asyncio.sleep(LOOK_EVERY_SECONDS)\n",
        ("with Redis ended, words stay away for ever", "chapter's: await self.look()"),
        "redis dies and comes back and nobody loses a word",
    ),
    Mistake(
        7,
        "the fields do not follow",
        CONSUMERS,
        "                await database_sync_to_async(documents.project)(self.note_id)\n",
        "",
        ("shows old words while people write", "chapter's: await database_sync_to_async(documents.project)"),
        "without javascript shows what the database holds",
    ),
    Mistake(
        8,
        "newcomers are told nothing",
        CONSUMERS,
        """        await self.send_to_group({"type": "note.asked", "by": self.channel_name})
""",
        "",
        ("the newcomer sees nobody", "chapter's: await self.send_to_group"),
        "who comes is told who was here",
    ),
    Mistake(
        8,
        "no goodbye",
        CONSUMERS,
        "                    await self.share(goodbye(self.presence))\n",
        "                    pass\n",
        ("people stay after they have left", "chapter's: await self.share(goodbye(self.presence))"),
        "the others are told who has left",
    ),
    Mistake(
        8,
        "nobody introduces themselves",
        NOTE_JS,
        'showMyName(note, loadIdentity(), get("my-name"))\n',
        "",
        ("chapter's: showMyName(note, loadIdentity()",),
        "everybody sees who is here",
    ),
    Mistake(
        9,
        "another close code",
        CONSUMERS,
        "NO_SUCH_NOTE = 4404",
        "NO_SUCH_NOTE = 4504",
        ("yours:     NO_SUCH_NOTE = 4504",),
        "a note deleted while open",
    ),
    Mistake(
        9,
        "a note that is gone is just quiet",
        CONSUMERS,
        "            raise Note.DoesNotExist\n",
        "            return []\n",
        ("nothing happens when the note is deleted", "chapter's: raise Note.DoesNotExist"),
        "a note deleted while open",
    ),
    Mistake(
        9,
        "a switch that switches nothing",
        NOTE_JS,
        'get("connection"), get("offline"))',
        'get("connection"))',
        ('chapter\'s: showConnection(note, get("connection"), get("offline"))',),
        "both write off line",
    ),
    Mistake(
        10,
        "two fields exchanged",
        "notes/models.py",
        '{"title": "title", "body": "text"}',
        '{"title": "text", "body": "title"}',
        ("yours:     shared_texts =",),
        "without javascript shows what the database holds",
    ),
    Mistake(
        10,
        "a note without its title",
        VIEWS,
        "redirect(form.save())",
        "redirect(Note.objects.create())",
        ("yours:     return redirect(Note.objects.create())",),
        FIND,
    ),
    Mistake(
        10,
        "nobody is logged",
        SETTINGS,
        '"LOG_LEVEL", default="INFO"',
        '"LOG_LEVEL", default="ERROR"',
        ('yours:     LOG_LEVEL = env.str("LOG_LEVEL", default="ERROR")',),
        "the server logs who came",
    ),
    Mistake(
        11,
        "nothing is fetched again",
        LIST_JS,
        "  onChanged: refreshSoon,\n",
        "",
        ("the titles do not move → onChanged is missing",),
        "titles people and new notes",
    ),
    Mistake(
        11,
        "the names are not kept",
        LIST_JS,
        "    people = now\n",
        "",
        ("no names appear → onPeople has to keep",),
        "titles people and new notes",
    ),
    Mistake(
        11,
        "the focus is not given back",
        LIST_JS,
        "for (const link of links) if",
        "for (const link of []) if",
        ("the focus is gone when somebody writes → swap has to look",),
        "the list keeps the focus",
    ),
    Mistake(
        12,
        "no origin is compared",
        ASGI,
        "SameSiteOrigins(URLRouter(websocket_urlpatterns))",
        "URLRouter(websocket_urlpatterns)",
        ("still reads the note → SameSiteOrigins in asgi.py",),
        "another sites page",
    ),
    Mistake(
        12,
        "no policy is sent",
        SETTINGS,
        '    "csp.middleware.CSPMiddleware",\n',
        "",
        ("the pages have no policy, and scripts run as before → csp.middleware.CSPMiddleware",),
        "injected script",
    ),
    Mistake(
        12,
        "the limits are not read",
        SETTINGS,
        "globals().update(env.engine())",
        "env.engine()",
        ("a limit in the environment changes nothing → The line",),
        "writes too much",
    ),
    Mistake(
        13,
        "nobody is asked again",
        VIEWS,
        "        recheck(note)\n",
        "",
        ("a right comes only after a reload → recheck(note) is missing", "chapter's: recheck(note)"),
        "a right that is given",
    ),
    Mistake(
        13,
        "everybody may write",
        CONSUMERS,
        "return access\n",
        "return Access.WRITE\n",
        ("a reader can write → authorize has to return Access.READ", "yours:     return Access.WRITE"),
        "a reader sees every letter",
    ),
    Mistake(
        13,
        "every note is in the list",
        VIEWS,
        'notes_of(request.user).defer("text").annotate(',
        'Note.objects.defer("text").annotate(',
        ("everybody sees every note → notes_of(request.user)",),
        "a note is for its owner",
    ),
]
