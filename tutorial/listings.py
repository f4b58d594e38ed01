"""Renders all that the docs show of the source, before they are built: what the pages quote of the app, and the files
of the tutorial's chapters."""

from tools.listings import LISTINGS, render_source

from .pictures import check_pictures
from .render import render_all


def main() -> None:
    rendered = render_source()
    files = render_all(LISTINGS)
    check_pictures()
    print(f"{rendered} rendered from the source, and {files} files of the tutorial.")


if __name__ == "__main__":
    main()
