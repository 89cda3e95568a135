"""A Trino server of one's own: fetched once, started on a free port, gone when this process is.

    server = shared()   # started by the first to ask, then everybody's; TRINO_URL names one that runs already
    server.url          # "http://127.0.0.1:41234"

Trino is the engine inside Athena. Its server and its Hive plugin come from Maven Central, where each is to be
had by itself (450 MB together); the one archive with every plugin is three times as large.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from . import trino_client
from .lambda_runtime import PATIENCE_SECONDS

VERSION = "476"
JAVA_NEEDED = 24

# Where JDKs are installed on Linux and on macOS.
JDK_FOLDERS = (
    (Path("/usr/lib/jvm"), "*/bin/java"),
    (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home/bin/java"),
)

# Archive of each Maven artifact, and the folder below the server's that it becomes.
_ARTIFACTS = {"trino-server-core": ("tar.gz", ""), "trino-hive": ("zip", "plugin/hive")}

# The kernel closes the pipe on standard input when this process ends in whatever way; then the watcher ends the server
# and removes its data. So stopping is closing the pipe, and a SIGKILL leaves nothing behind either.
_WATCHED = """
data=$1; shift
exec 3<&0 0</dev/null
( cat <&3 >/dev/null; kill -KILL $$; rm -rf "$data" ) 3<&3 &
exec 3<&-
exec "$@"
"""

_JVM_OPTIONS = (
    "-Xmx2G",
    # Statements on small tables come and go: compiling them well costs as much again as running them.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ReservedCodeCacheSize=256M",
    "-Dfile.encoding=UTF-8",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djdk.nio.maxCachedBufferSize=2000000",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


class TrinoUnavailableError(RuntimeError):
    """Trino can't be fetched, started or reached here; the message says what to do about it."""


@dataclass
class TrinoServer:
    """A server that answers queries; `stop` ends it, unless it was running before (`at`)."""

    url: str
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def at(cls, url: str) -> TrinoServer:
        """The server that already runs at `url` (http://host:port), with catalog.management=dynamic."""
        server = cls(url.rstrip("/"))
        try:
            server.query("SELECT 1")
        except (OSError, trino_client.QueryError) as error:
            raise TrinoUnavailableError(
                f"no Trino answers at {url}: {error}. Start it, or unset TRINO_URL to have one started."
            ) from error
        return server

    @classmethod
    def start(cls, say: Callable[[str], None] | None = None) -> TrinoServer:
        """Fetch Trino where it is not cached yet, start it, and return once a query works.

        Raises TrinoUnavailableError when Java, Maven, the network or the server itself does not do its part.
        """
        say = say or _say_on_stderr
        java = find_java()
        home = fetch(say)
        say(f"starting Trino {VERSION}")
        data = Path(tempfile.mkdtemp(prefix="stocks-lakehouse-trino-"))
        url = f"http://127.0.0.1:{_free_port()}"
        _write_configuration(data, url)
        log = data / "server.log"
        command = [
            str(java),
            *_JVM_OPTIONS,
            f"-Dconfig={data}/etc/config.properties",
            f"-Dlog.levels-file={data}/etc/log.properties",
            "-cp",
            f"{home}/lib/*",
            "io.trino.server.TrinoServer",
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHED, "sh", str(data), *command],
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C at the terminal leaves it up until this process is done
            )
        server = cls(url, process)
        try:
            server._wait_until_a_query_works(log)
        except BaseException:
            server.stop()
            raise
        return server

    def stop(self) -> None:
        """End the server that `start` started, and wait for its end; repeated calls do nothing."""
        process, self.process = self.process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()

    def query(self, sql: str) -> list[list[object]]:
        """The rows of one statement that needs neither catalog nor schema."""
        return trino_client.run(self.url, sql).rows

    @property
    def version(self) -> str:
        """The server's own version, "476"."""
        return str(self.query("SELECT node_version FROM system.runtime.nodes WHERE coordinator")[0][0])

    def _wait_until_a_query_works(self, log: Path) -> None:
        # For some seconds after /v1/info says that it has started, the server answers NO_NODES_AVAILABLE.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise TrinoUnavailableError(f"Trino ended while starting; its last words:\n{_tail(log)}")
            try:
                self.query("SELECT count(*) FROM (VALUES 1, 2) t")
                return
            except (OSError, trino_client.QueryError) as error:
                if time.monotonic() > deadline:
                    raise TrinoUnavailableError(
                        f"Trino answered no query within {PATIENCE_SECONDS:.0f} s ({error}); its last words:\n{_tail(log)}"
                    ) from error
            time.sleep(0.25)


_shared: list[TrinoServer | TrinoUnavailableError] = []
_sharing = threading.Lock()


def shared() -> TrinoServer:
    """The server of this process: the one that TRINO_URL names, else one that is started and ends with it.

    Raises TrinoUnavailableError.
    """
    with _sharing:
        if not _shared:
            url = os.environ.get("TRINO_URL")
            try:
                _shared.append(TrinoServer.at(url) if url else TrinoServer.start())
            except TrinoUnavailableError as error:
                _shared.append(error)  # so that a suite's every test says so at once
        (found,) = _shared
    if isinstance(found, TrinoUnavailableError):
        raise found
    return found


def find_java(environment: Mapping[str, str] | None = None) -> Path:
    """The first Java of version 24 or later: JAVA_HOME's, the one on PATH, then the usual places of JDKs."""
    seen = []
    for java in _java_candidates(os.environ if environment is None else environment):
        version = _java_version(java)
        if version is None:
            continue
        if version >= JAVA_NEEDED:
            return java
        seen.append(f"{java} is version {version}")
    found = "; ".join(seen) or "no Java was found"
    raise TrinoUnavailableError(
        f"Trino {VERSION} needs Java {JAVA_NEEDED} or later, and {found}. "
        "Install a JDK (https://adoptium.net has Temurin 25) and let JAVA_HOME name its folder."
    )


def cache_folder() -> Path:
    """Where downloads are kept between runs: stocks-lakehouse below XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stocks-lakehouse"


def fetch(say: Callable[[str], None]) -> Path:
    """The folder of the unpacked server with its Hive plugin, downloaded first when the cache lacks it.

    The folder appears under its name only when complete, so an interrupted download is started again.
    """
    home = cache_folder() / f"trino-{VERSION}"
    if home.is_dir():
        return home
    maven = shutil.which("mvn")
    if maven is None:
        raise TrinoUnavailableError(
            "Trino is fetched by Maven, and mvn is not on PATH. Install Maven "
            "(https://maven.apache.org/install.html), or start a Trino yourself and let TRINO_URL name it."
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as scratch:
        parts = {name: _download(maven, name, kind, Path(scratch), say) for name, (kind, _) in _ARTIFACTS.items()}
        say("unpacking Trino")
        unpacked = Path(scratch) / "server"
        for name, (kind, folder) in _ARTIFACTS.items():
            _unpack(parts[name], kind, unpacked / folder)
        # Two processes may have fetched at once: whoever renames second finds a folder just as good.
        with contextlib.suppress(OSError):
            unpacked.rename(home)
    return home


def _download(maven: str, name: str, kind: str, scratch: Path, say: Callable[[str], None]) -> Path:
    # A repository of our own shows the bytes as they arrive, and leaves no second copy in the user's.
    repository = scratch / "repository"
    coordinates = f"io.trino:{name}:{VERSION}:{kind}"
    log = scratch / "maven.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                maven,
                "-B",
                "-q",
                "-C",
                f"-Dmaven.repo.local={repository}",
                "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
                f"-Dartifact={coordinates}",
                f"-DoutputDirectory={scratch}",
            ],
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        say(f"fetching {coordinates} from Maven Central")
        arrived = 0
        try:
            while process.poll() is None:
                time.sleep(1)
                before, arrived = arrived, _size(repository / "io/trino" / name / VERSION)
                if arrived > before:
                    say(f"fetching {coordinates}: {arrived / 1e6:.0f} MB")
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise TrinoUnavailableError(
            f"mvn could not fetch {coordinates}; check the network, or the mirror in ~/.m2/settings.xml:\n{_tail(log)}"
        )
    return scratch / f"{name}-{VERSION}.{kind}"


def _size(folder: Path) -> int:
    """Bytes of the files in `folder`, which Maven renames meanwhile."""
    total = 0
    for file in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def _unpack(archive: Path, kind: str, target: Path) -> None:
    """Unpack what lies in the archive's one top folder as `target`."""
    unpacking = target.with_name(target.name + "-unpacking")
    if kind == "zip":
        with zipfile.ZipFile(archive) as pack:
            pack.extractall(unpacking)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(unpacking)
    (only,) = unpacking.iterdir()
    target.parent.mkdir(parents=True, exist_ok=True)
    only.rename(target)
    unpacking.rmdir()


def _write_configuration(data: Path, url: str) -> None:
    """Write etc/ of a single node that plans and works, its queries small, its catalogs made by statement."""
    config = {
        "node.id": "local",
        "node.environment": "local",
        "node.internal-address": "127.0.0.1",
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": urlsplit(url).port,
        "discovery.uri": url,
        "catalog.management": "dynamic",
        "catalog.store": "memory",
        "query.max-memory": "1GB",
        "query.max-memory-per-node": "1GB",
        "memory.heap-headroom-per-node": "256MB",
        # A suite runs thousands of statements, and the heap is small: let the finished ones go.
        "query.max-history": "50",
        "query.min-expire-age": "30s",
        "web-ui.enabled": "false",
    }
    etc = data / "etc"
    etc.mkdir()
    (etc / "config.properties").write_text("".join(f"{key}={value}\n" for key, value in config.items()))
    (etc / "log.properties").write_text("io.trino=WARN\nio.airlift=WARN\n")


def _java_candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"]) / "bin/java"
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        yield Path(on_path)
    for folder, pattern in JDK_FOLDERS:
        yield from sorted(folder.glob(pattern))


def _java_version(java: Path) -> int | None:
    """The feature release of a Java executable ("1.8" being 8), None where there is none that runs."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(version[1]) if version else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path, lines: int = 15) -> str:
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return "(no log)"


def _say_on_stderr(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
