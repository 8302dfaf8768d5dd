"""A hook of MkDocs: pages outside docs/ are pages of the site, and links between them and docs/ lead there.

On GitHub the same files are read where they lie, so their links are relative to that.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "benchmarks/README.md", "notebooks/*.ipynb"]
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)\s#]+)")


def on_files(files, config):
    """Adds the pages outside docs/."""
    for pattern in (*OUTSIDE, "samples/*/README.md"):
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown, page, config, files):
    """Rewrites links that GitHub resolves from the file's own folder."""
    source = page.file.src_path
    in_docs = Path(page.file.src_dir).name == "docs"
    folder = posixpath.dirname(source)

    def rewritten(match):
        target = posixpath.normpath(posixpath.join("docs" if in_docs else folder, match[2]))  # from the root
        name = target.removeprefix("docs/")
        if (ROOT / target).is_dir() and (ROOT / target / "README.md").exists():
            name = f"{name}/README.md"
        if files.get_file_from_path(name) is None:  # a source file, which the site does not have
            return match[0].replace(match[2], "#")
        return match[1] + posixpath.relpath(name, folder or ".")

    return LINK.sub(rewritten, markdown)
