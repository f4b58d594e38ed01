"""Static files: compressed and cached for a year once they are collected, served from the source until then.

`collectstatic` copies each file under a name that holds a hash of its content, and compresses the copies. They are
used only with DEBUG off, and only as long as they match the source folders: after an edit or an update every address
is the plain one again, until the files are collected again.

Invariant: a page gets the files that its templates were written for; none fails because a file is not collected.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.storage import CompressedManifestStaticFilesStorage
from servestatic.utils import run_async_in_thread

from .prefix import UnderPrefix

SOURCES = "sources"  # the manifest's key for a digest of all collected files
HASHED = ServeStaticMiddleware.DEFAULT_IMMUTABLE_FILE_TEST
FOR_A_YEAR = "public, max-age=31536000, immutable"


class CollectedStorage(UnderPrefix, CompressedManifestStaticFilesStorage):
    def stored_name(self, name: str) -> str:
        collected: str = self.hashed_files.get(name, name)
        return collected

    def save_manifest(self) -> None:
        super().save_manifest()
        manifest = {**self._read(), SOURCES: digest_of(self.hashed_files)}
        Path(self.path(self.manifest_name)).write_text(json.dumps(manifest), encoding="utf-8")

    def load_manifest(self) -> tuple[dict[str, str], str]:
        """The manifest, or an empty one if the collected files must not be used."""
        if settings.DEBUG:
            return {}, ""
        collected, manifest_hash = super().load_manifest()
        return (collected, manifest_hash) if self._read().get(SOURCES) == digest_of(collected) else ({}, "")

    def _read(self) -> dict[str, str]:
        manifest: dict[str, str] = json.loads(self.read_manifest() or "{}")
        return manifest


class StaticFilesMiddleware(ServeStaticMiddleware):
    def insert_directory(self, root: str, prefix: str) -> None:
        """Skips the collected folder with DEBUG on: a request must not find the copy of a file that is gone."""
        if not (self.autorefresh and root == self.static_root):
            super().insert_directory(root, prefix)

    def add_cache_headers(self, headers: Headers, path: str, url: str) -> None:
        super().add_cache_headers(headers, path, url)
        if self.immutable_file_test(path, url):
            headers["Cache-Control"] = FOR_A_YEAR

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Looks for new files: while processes restart one by one, each may be asked for the files of another."""
        address = request.path_info
        is_new = address not in self.files and HASHED.fullmatch(address) and not self.autorefresh
        if is_new and (found := await run_async_in_thread(self.find_file, address)):
            self.files[address] = found
        response: HttpResponseBase = await super().__call__(request)
        return response


def are_collected() -> bool:
    storage: Any = staticfiles_storage
    return bool(storage.hashed_files)


@register(deploy=True)
def check_static_files(**kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or are_collected():
        return []
    return [
        CheckWarning(
            "The static files have not been collected, or have changed since, so browsers get them uncompressed "
            "and keep them for a minute.",
            hint="Collect them with: python manage.py collectstatic --no-input",
            id="realtime_notes.W002",
        )
    ]


def digest_of(names: Iterable[str]) -> str:
    """A digest that changes with the content of any of these files in the source folders."""
    digest = hashlib.sha256()
    for name in sorted(names):
        source = finders.find(name)
        digest.update(hashlib.sha256(Path(source).read_bytes() if source else b"").digest())
    return digest.hexdigest()
