"""A hook of MkDocs: adds to the site the one script that comes from npm. Nothing is loaded from elsewhere.

The theme's offline plugin would have browsers fetch it from a CDN, unless the settings name a copy.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

IFRAME_WORKER = Path(__file__).parents[1] / "node_modules" / "iframe-worker" / "shim" / "index.js"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "javascripts/iframe-worker.js", abs_src_path=str(IFRAME_WORKER)))
    return files
