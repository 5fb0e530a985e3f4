"""The README's first steps run as they are printed, on another port and in another place."""

import re
import shlex
import subprocess
import threading

from exchange import BOURSE, COMMAND_SECONDS_MAX, ROOT, START_SECONDS_MAX, machine

README = (ROOT / "README.md").read_text()
SECTION = README.split("## A running exchange\n", 1)[1].split("\n## ", 1)[0]


def commands():
    """All lines of the section's blocks but `make build`, which the tests stand on."""
    blocks = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    lines = [line.split("    #")[0] for block in blocks for line in block.splitlines()]
    assert lines.pop(0) == "make build"
    return lines


def test_the_first_steps(tmp_path):
    environment = machine(tmp_path)
    elsewhere = {"/tmp/exchange": str(tmp_path / "exchange"), ".build/debug/bourse": str(BOURSE)}

    def prepared(line):
        for printed, used in elsewhere.items():
            line = line.replace(printed, used)
        return line

    def shell(line):
        return subprocess.run(
            ["bash", "-c", f"{line}; env -0 > {tmp_path}/env"], cwd=ROOT, env=environment, text=True,
            capture_output=True, timeout=COMMAND_SECONDS_MAX)

    server = None
    try:
        for line in commands():
            line = prepared(line)
            if " serve " in line:
                server = subprocess.Popen(
                    [*shlex.split(line), "--http", "127.0.0.1:0"], env=environment, cwd=ROOT,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
                alarm = threading.Timer(START_SECONDS_MAX, server.kill)
                alarm.start()
                elsewhere["http://127.0.0.1:9400"] = server.stdout.readline().split()[-1]
                alarm.cancel()
                continue
            result = shell(line)
            assert result.returncode == 0 and not result.stderr, (line, result)
            if " account add " in line:
                elsewhere["--code CODE"] = "--code " + re.search(r"code: (\S+),", result.stdout)[1]
            if line.startswith("export "):
                pairs = (tmp_path / "env").read_text().rstrip("\0").split("\0")
                environment |= dict(pair.split("=", 1) for pair in pairs)
        assert "arn:aws:iam::111111111111:user/bourse-admin" in result.stdout
    finally:
        if server:
            server.terminate()
            server.wait()


def test_every_path_that_the_pages_name_is_there():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        text = page.read_text()
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (page.parent / link).exists(), f"{page}: {link}"
        for path in re.findall(r"`((?:Sources|Tests|docs|dev)/[\w/.+-]+)`", text):
            assert (ROOT / path).exists(), f"{page}: {path}"
