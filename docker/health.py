"""The health check of the images: whether the live view answers.

Where SPLITDET_WEB is not set there is nothing to ask, and the container counts as healthy.
"""

from __future__ import annotations

import os
import sys
import urllib.request

TIMEOUT_S = 10


def main() -> int:
    """0: healthy; 1: the live view does not answer."""
    port = os.environ.get("SPLITDET_WEB", "0")
    if port == "0":
        return 0
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz")
    token = os.environ.get("SPLITDET_WEB_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            print(answer.read().decode())
    except OSError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
