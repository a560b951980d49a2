#!/usr/bin/env python3
"""Detect in the stream that config.yml names; see --help."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from splitdet.entry import script

script("stream")
