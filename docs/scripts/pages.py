"""Writes the pages that come from the code: docs/configuration.md and docs/api.md.

python docs/scripts/pages.py            writes them
python docs/scripts/pages.py --check    ends with 1, and names them, where they are out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DOCS.parent / "lib"))


def main() -> int:
    """Write or check all of them; the exit code."""
    from api import api_page
    from configuration import configuration_page

    parser = argparse.ArgumentParser(description="Write the pages that come from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, and tell what differs")
    check = parser.parse_args().check
    code = 0
    for name, text in (("configuration.md", configuration_page()), ("api.md", api_page())):
        page = DOCS / name
        if not check:
            page.write_text(text, encoding="utf-8")
        elif page.read_text(encoding="utf-8") != text:
            print(f"docs/{name} is out of date: python docs/scripts/pages.py")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
