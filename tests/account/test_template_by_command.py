"""docs/template_setup.md by command: the AWS CLI deploys the template, and what was dropped reaches the reports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.account.template import REPOSITORY
from tests.lakes import RAW, Lake, csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.account import CREDENTIALS

PAGE = REPOSITORY / "docs" / "template_setup.md"


def test_the_commands_of_the_page_deploy_a_lake_that_works(tmp_path: Path) -> None:
    (commands,) = re.findall(r"## By command\n.*?```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for folder in ("lambda_scripts", "sql", "docs"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with LocalAccount(serve_port=0) as account:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": str(account.endpoint_url), "PATH": path}
        shell = ["bash", "-euo", "pipefail", "-c", commands]
        done = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        lake = Lake(account)
        lake.drop({"AAPL.csv": csv(day("2016-01-04", 100), day("2016-02-01", 99))})
        assert [(row["symbol"], row["year"]) for row in lake.yearly()] == [("AAPL", "2016")]
        assert account.invoke(RAW, {"action": "check"})["ok"]
