"""What a server has printed, and which of its lines says why something failed."""

import re

REQUEST = r"(HTTP|WebSocket|WSCONNECT\w*|WSDISCONNECT|\"GET|\"POST) "
START = r"INFO +(Starting server at|HTTP/2 support|Configuring endpoint|Listening on) "
NOISE = re.compile(rf"^(\s*|\s+[\^~]+\s*|.*{REQUEST}.*|.*{START}.*|.*favicon.*|.*Broken pipe from.*)$")
FAULT = re.compile(
    r"^[\w.]*(Error|Exception|DoesNotExist|ImproperlyConfigured|SynchronousOnlyOperation)\b"
    r"|^([a-z_]\w*\.)+[A-Z]\w*(: |$)"  # django.urls.exceptions.NoReverseMatch: …
)
ANSWER = re.compile(
    r"^(Not Found|Forbidden|Bad Request|Method Not Allowed)\b|^.*RuntimeWarning: .*|^\(\w+\.[EW]\d+\)|^.*\bERROR\b"
)
FRAME = re.compile(r"^[\s|+-]+")  # around the traceback of an exception group, that of a TaskGroup for instance
ASKED_FOR = re.compile(r"^Not Found: /notes/987654321/$")  # by a test of the kit, on purpose


def fault_in(log: str) -> str:
    """The line of a running server that says why: that of an exception, or else of a complaint; or none."""
    lines = lines_of(log)
    faults = [line for line in lines if FAULT.match(line)]
    answers = [line for line in lines if ANSWER.match(line) and not ASKED_FOR.match(line)]
    return (faults or answers or [""])[-1]


def last_line(output: str) -> str:
    """Of a command that failed: the line with its exception, or else what it printed last."""
    return fault_in(output) or (lines_of(output) or [""])[-1]


def lines_of(log: str) -> list[str]:
    return [FRAME.sub("", line).strip() for line in log.splitlines() if not NOISE.match(line)]
