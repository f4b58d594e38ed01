"""The steps of browser tests that need no browser: send the form that creates a note, read a page's HTML."""

import html
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def create_note_over_http(server_url: str, title: str = "") -> str:
    """Returns the address of the new note. Gets the form first, for its CSRF token."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    token = TOKEN.search(opener.open(f"{server_url}/").read().decode())
    if not token:
        raise AssertionError("The list has no form to create a note with.")
    form = urllib.parse.urlencode({"title": title, "csrfmiddlewaretoken": token[1]})
    address: str = opener.open(f"{server_url}/notes/", form.encode()).url
    return address


def text_without_javascript(address: str) -> str:
    """The text of a note as Django renders it: what the database holds, up to two seconds behind."""
    page = urllib.request.urlopen(address).read().decode()
    found = re.search(r'id="body"[^>]*>(.*?)</div>\s*</div>', page, re.DOTALL)
    if not found:
        raise AssertionError("The page shows no text.")
    return "\n".join(html.unescape(block) for block in re.findall(r"<div[^>]*>([^<]*)", found[1]))
