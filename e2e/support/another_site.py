"""A site that is not the app's: a page under a name of this machine that the server of a test does not go by."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class AnotherSite(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<link rel=icon href=data:,>Another site")

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def another_site() -> Iterator[str]:
    """Yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AnotherSite) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}"
        site.shutdown()
