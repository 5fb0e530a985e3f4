"""How long a change takes to compile."""

import subprocess
import time

from benchmarks import ROOT


def builds():
    """The largest file of each room is changed, and the executable built again.

    `inside`: a comment more. `interface`: a type more, so that the rooms above are looked at too.
    """
    print("builds: seconds until `bourse` is built again after a change in a room (debug)")
    print(f"{'room':<28}{'inside':>8}{'interface':>11}")
    build = ["swift", "build", "--product", "bourse", "--quiet"]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    rooms = [room for room in sorted((ROOT / "Sources").iterdir()) if room.name != "AWSServices"]
    rooms += sorted((ROOT / "Sources/AWSServices").iterdir())
    for room in rooms:
        files = sorted(room.rglob("*.swift"), key=lambda file: file.stat().st_size)
        if not files:
            continue
        original, seconds = files[-1].read_bytes(), []
        try:
            for change in b"// Measured.\n", b"public enum Measured {}\n":
                files[-1].write_bytes(original + change)
                begin = time.perf_counter()
                subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
                seconds.append(time.perf_counter() - begin)
        finally:
            files[-1].write_bytes(original)
        print(f"{str(room.relative_to(ROOT / 'Sources')):<28}{seconds[0]:>8.1f}{seconds[1]:>11.1f}")
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
