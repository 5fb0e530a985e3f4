"""Each room by itself, in its own process: Benchmarks/Rooms."""

import os
import subprocess

from benchmarks import ROOT
from exchange import BOURSE


def rooms():
    build = ["swift", "build", "--configuration", "release", "--product", "room-benchmarks", "--quiet"]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    print(f"rooms: release, {os.cpu_count()} CPUs; median (least to most)", flush=True)
    subprocess.run([ROOT / ".build/release/room-benchmarks", BOURSE], cwd=ROOT, check=True)
