"""docs/files.md names what the tables of this package know."""

import re
from pathlib import Path

from lambda_scripts.lakehouse.file_format import file_names
from lambda_scripts.lakehouse.file_format.aliases import ALIASES
from lambda_scripts.lakehouse.file_format.refusals import Kind

DOCUMENTED = " ".join((Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8").split())
GENERIC = {"brokers", "as", "exchanges"}


def test_every_source_and_language_of_an_alias_is_documented() -> None:
    named = {source for alias in ALIASES for source in re.findall(r"^[\w.-]+|, ([A-Z][\w.-]+)", alias.source)}
    named |= {re.split(r"[\s',:*;]", alias.source)[0] for alias in ALIASES}
    assert sorted(name for name in named - GENERIC if name and name not in DOCUMENTED) == []


def test_every_form_of_a_download_s_name_is_documented() -> None:
    assert [download.source for download in file_names.DOWNLOADS if download.source not in DOCUMENTED] == []


def test_every_kind_of_refusal_is_documented() -> None:
    assert [kind.value for kind in Kind if kind.value not in DOCUMENTED] == []
