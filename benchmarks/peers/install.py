"""Make a virtual environment with splitdet and all that it is compared with.

python benchmarks/peers/install.py FOLDER
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["ai-edge-litert>=2.0", "openvino>=2024.4", "onnxruntime>=1.17", "tf2onnx>=1.16"]


def main() -> None:
    """Install; pip says what it does."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.check_call([str(python), "-m", "pip", "install", f"{ROOT}[openvino,onnx]", *PACKAGES])


if __name__ == "__main__":
    main()
