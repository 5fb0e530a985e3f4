"""What `dev/bench` measures, a module for each kind of work."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What was fetched or made once, and takes long to make again.
KEPT = ROOT / ".deps/bench"

release = ROOT / ".build/release/bourse"
if release.exists():
    os.environ.setdefault("BOURSE_BINARY", str(release))
# The exchange under test and those who use it: the conformance suite's.
sys.path.insert(0, str(ROOT / "Tests/Conformance"))
