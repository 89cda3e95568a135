"""Finding Java, fetching Trino, ending with this process. Only the last needs Trino itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.local_aws import trino_server
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS
from tests.local_aws.trino_server import TrinoServer, TrinoUnavailableError, fetch, find_java


def jdk(folder: Path, version: str) -> Path:
    """A folder laid out as a JDK, whose java says it is of that version."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)
    return java


@pytest.fixture(autouse=True)
def no_other_jdks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trino_server, "JDK_FOLDERS", ())


def test_a_java_that_is_too_old_is_passed_over_for_a_later_one(tmp_path: Path) -> None:
    old, new = jdk(tmp_path / "old", "17.0.15"), jdk(tmp_path / "new", "25.0.3")
    assert find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": str(new.parent)}) == new
    assert old.exists()


def test_a_jdk_of_the_system_is_found_without_any_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = jdk(tmp_path / "temurin-25", "25")
    monkeypatch.setattr(trino_server, "JDK_FOLDERS", ((tmp_path, "*/bin/java"),))
    assert find_java({"PATH": ""}) == java


def test_without_a_java_the_message_says_what_was_found_and_what_to_do(tmp_path: Path) -> None:
    old = jdk(tmp_path, "1.8.0_412")
    with pytest.raises(TrinoUnavailableError) as raised:
        find_java({"JAVA_HOME": str(tmp_path), "PATH": ""})
    assert f"{old} is version 8" in str(raised.value)
    assert "JAVA_HOME" in str(raised.value) and "adoptium.net" in str(raised.value)


def test_without_maven_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TrinoUnavailableError, match="mvn is not on PATH.*TRINO_URL"):
        fetch(print)


def test_a_download_that_fails_leaves_nothing_that_looks_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho 'could not resolve the artifact'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    with pytest.raises(TrinoUnavailableError, match="could not resolve the artifact"):
        fetch(print)
    assert list((tmp_path / "cache" / "stocks-lakehouse").iterdir()) == []


def test_a_trino_url_where_nothing_answers_is_named() -> None:
    with pytest.raises(TrinoUnavailableError, match="no Trino answers at http://127.0.0.1:9"):
        TrinoServer.at("http://127.0.0.1:9")


@pytest.mark.trino_only("starts a server")
def test_the_server_ends_with_the_process_that_started_it_even_when_that_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from tests.local_aws.trino_server import TrinoServer\n"
        "print(TrinoServer.start().url, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        assert _answers(url)
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _answers(url):
        assert time.monotonic() < deadline, "the server outlived its process"
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v1/info", timeout=PATIENCE_SECONDS):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
