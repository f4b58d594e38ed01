"""The licences of the npm packages that the browser libraries were built from, in one file beside them."""

import json
from pathlib import Path

NODE_MODULES = "node_modules/"
FILE = "LICENSES.txt"


class LicenceError(Exception):
    """A package has no file with its licence, so it may not be passed on."""


def write_licences(built: Path, root: Path) -> None:
    """Writes the licences of the packages in the folder `built`, as esbuild recorded them there."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in built.glob("*.modules.json")]
    inputs = [path for record in records for path in record["inputs"]]
    packages = sorted({package_of(path) for path in inputs if path.startswith(NODE_MODULES)})
    texts = [f"{package}\n\n{licence_of(root / NODE_MODULES / package)}" for package in packages]
    (built / FILE).write_text("\n\n----\n\n".join(texts) + "\n", encoding="utf-8")


def package_of(path: str) -> str:
    """The package of a file; its name may have a scope, as in @codemirror/view."""
    first, second, *_ = path.removeprefix(NODE_MODULES).split("/")
    return f"{first}/{second}" if first.startswith("@") else first


def licence_of(package: Path) -> str:
    for path in sorted(package.iterdir()):
        if path.stem.lower() in ("license", "licence", "copying"):
            return path.read_text(encoding="utf-8").strip()
    raise LicenceError(f"{package.name} has no file with its licence.")
