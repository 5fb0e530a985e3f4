"""A whole exchange under test: the built `bourse`, its data directory, and those who use it."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import boto3
import botocore.loaders
import botocore.session

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOURSE = pathlib.Path(os.environ.get("BOURSE_BINARY", ROOT / ".build/debug/bourse"))
# The AWS CLI of the virtual environment that runs the tests, whatever else is installed.
AWS = pathlib.Path(sys.executable).parent / "aws"

# What boto3 knows of the services: megabytes of JSON, which every client of its own session would read anew.
SERVICES = botocore.loaders.create_loader()

PROVIDER = "111111111111"
REGION = "us-east-1"
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
COMMAND_SECONDS_MAX = 60


def machine(home):
    """The environment of someone's machine: nothing of AWS's in it but what the test puts there."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOURSE_"))
    }
    return environment | {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "BOURSE_HOME": str(home / "bourse"),
    }


class Result:
    """What a command did."""

    def __init__(self, finished):
        self.status = finished.returncode
        self.out = finished.stdout
        self.err = finished.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


def run(arguments, environment, seconds_max=COMMAND_SECONDS_MAX):
    return Result(
        subprocess.run(
            [str(argument) for argument in arguments], env=environment, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=seconds_max))


class Machine:
    """A computer from which someone uses the exchange, with AWS's own tools and with `bourse`."""

    def __init__(self, home, profile, account, endpoint):
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.profile = profile
        self.account = account
        self.endpoint = endpoint
        self.environment = machine(home)

    def bourse(self, *arguments):
        return run([BOURSE, *arguments], self.environment)

    def aws(self, *arguments, seconds_max=COMMAND_SECONDS_MAX):
        """The AWS CLI. Look at `status`: what fails is the test's to judge."""
        options = ["--profile", self.profile, "--output", "json"]
        # Version 1 has a host of its own for SQS, which only the command line overrides.
        if "sqs" in arguments:
            options += ["--endpoint-url", self.endpoint]
        return run([AWS, *options, *arguments], self.environment, seconds_max)

    def client(self, service, **options):
        """A boto3 client."""
        with self.in_environment():
            core = botocore.session.Session(profile=self.profile)
            core.register_component("data_loader", SERVICES)
            session = boto3.Session(botocore_session=core)
            # Now, while the environment is this machine's: credential_process is started in it.
            session.get_credentials().get_frozen_credentials()
            return session.client(service, **options)

    @property
    def keys(self):
        """What this machine's tools sign with: key id, secret, session token."""
        with self.in_environment():
            session = boto3.Session(profile_name=self.profile)
            keys = session.get_credentials().get_frozen_credentials()
        return keys.access_key, keys.secret_key, keys.token

    @contextlib.contextmanager
    def in_environment(self):
        """For clients in this process, which read what they need while it lasts.

        Little more than values change: other threads of this process read the environment at any time,
        and the C library may move it when a name is new.
        """
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class Exchange:
    """An exchange in a directory of its own, on a port of its own."""

    def __init__(self, home):
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.data = home / "data"
        self.log = home / "serve.log"
        self.endpoint = None
        # What it is started with besides a machine's.
        self.environment = {}
        self._process = None
        self._port = 0

    # Life

    def init(self, *options):
        result = run([BOURSE, "init", "--data", self.data, *options], machine(self.home))
        assert result.status == 0, result
        return self

    def serve(self, *options, clock_seconds=0):
        """Starts the exchange and returns once it answers, after a restart on the port it had before.

        `clock_seconds`: by how much its clock is ahead of everyone else's.
        """
        begin = self._start(options, clock_seconds)
        self.endpoint = self._announced(begin)
        self._port = int(self.endpoint.rsplit(":", 1)[1])
        return self

    def begin(self, seconds):
        """Starts the exchange, and cuts the power before it has been up for long."""
        self._start()
        time.sleep(seconds)
        self.kill()

    def _start(self, options=(), clock_seconds=0):
        """Returns where in the log its words begin."""
        assert self._process is None, "it is running"
        environment = machine(self.home) | self.environment
        if clock_seconds:
            environment |= {
                "LD_PRELOAD": str(shifted_clock(self.home)), "CLOCK_SHIFT_SECONDS": str(clock_seconds)}
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(BOURSE), "serve", "--data", str(self.data), "--http", f"127.0.0.1:{self._port}",
                 *map(str, options)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        return begin

    def _announced(self, begin):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            if found := re.search(r"answers at (https?://\S+)\n", said):
                return found.group(1)
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        status, self._process = self._process.poll(), None
        raise AssertionError(f"the exchange did not start (status {status}):\n{said}")

    def stop(self):
        """As its operator stops it; returns its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the exchange did not stop when told to") from None

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """As a power cut stops it."""
        process, self._process = self._process, None
        process.kill()
        process.wait()

    def restart(self, **options):
        self.stop()
        return self.serve(**options)

    @property
    def workers(self):
        """The ids of the processes that run subscribers' SQL."""
        found = []
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # The name before it stands in brackets, and may hold anything.
                parent = status.read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == self._process.pid:
                    found.append(int(status.parent.name))
        return found

    @property
    def worker_seconds(self):
        """The processor time that those processes have taken."""
        threads = [
            thread for worker in self.workers
            for thread in pathlib.Path(f"/proc/{worker}/task").glob("*/schedstat")]
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    @property
    def memory_bytes_max(self):
        """The most memory that it has held at any time."""
        return self.memory_bytes("VmHWM")

    def memory_bytes(self, kind="VmRSS"):
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(kind + r":\s+(\d+) kB", status).group(1)) * 1024

    @property
    def memory_bytes_together(self):
        """What the exchange and its workers hold; a page that several processes share counts once."""
        total = 0
        for process in [self._process.pid, *self.workers]:
            # A worker may be gone by now.
            with contextlib.suppress(OSError):
                shares = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+) kB", shares, re.MULTILINE).group(1)) * 1024
        return total

    # People

    @property
    def provider(self):
        """The administrator, on the exchange's own machine."""
        provider = Machine(self.home / "provider", "bourse-admin", PROVIDER, self.endpoint)
        provider.environment |= {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.data / "admin.credentials"),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "BOURSE_DATA": str(self.data),
        }
        return provider

    def add_account(self, account, name="A Subscriber"):
        """The one-time code for the account."""
        result = self.provider.bourse("account", "add", account, "--name", name, "--json")
        assert result.status == 0, result
        return result.json["code"]

    def subscriber(self, account, profile="nomura"):
        """Lets the account in, and enrols a machine of its own for it."""
        machine = Machine(
            self.home / f"subscriber-{account}", profile, account, self.endpoint)
        result = machine.bourse(
            "enroll", "--endpoint", self.endpoint, "--code", self.add_account(account), "--profile",
            profile)
        assert result.status == 0, result
        return machine

    # Trail

    @property
    def trail(self):
        """The records on the disk, oldest first."""
        segments = sorted((self.data / "trail").glob("trail-*.jsonl"))
        return [json.loads(line) for segment in segments for line in segment.read_text().splitlines()]

    def verify(self):
        return run([BOURSE, "trail", "verify", "--data", self.data], machine(self.home))


def shifted_clock(home):
    """A library that, loaded before others, shows a program another time of day."""
    library = home / "shifted_clock.so"
    if not library.exists():
        source = pathlib.Path(__file__).with_name("shifted_clock.c")
        compiler = shutil.which("cc") or shutil.which("clang")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library
