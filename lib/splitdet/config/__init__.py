"""Settings: one frozen `Config`, filled from the command line, the environment and config.yml."""

from __future__ import annotations

from splitdet.config.load import load_config, make_config
from splitdet.config.schema import Config

__all__ = ["Config", "load_config", "make_config"]
