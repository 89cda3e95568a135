"""The page of a lake in a real browser: charts drawn, filter works, no request leaves, readable on a phone and in the dark."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.lakes import Lake, csv, day
from tests.local_aws import LocalAccount, page
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS
from tests.local_aws.serve import serving_page

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver (Debian: chromium-driver)")

HOSTILE = "<script>document.body.dataset.hacked = 1</script>"
NEIGHBOUR = day("2016-03-03", 90)
FILES = {
    # A price a month, and each two neighbouring days, or they were bars of months.
    "AAPL.csv": csv(*(day(f"20{year}-{month:02d}-04", 100 + month) for year in (15, 16) for month in range(1, 13)), NEIGHBOUR),
    "MSFT.csv": csv(
        *(day(f"2016-{month:02d}-05", 50 - month) for month in range(1, 13)), f"2016-12-06,1,2,0,{HOSTILE},,5", NEIGHBOUR
    ),
    "IBM.csv": "Date,Open\n2016-01-04,1\n",
}


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with LocalAccount("duckdb") as account:
        account.create_lake()
        lake = Lake(account)
        lake.drop_in_one_event(FILES)
        yield lake


@pytest.fixture(scope="module")
def file(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "lake.html"
    page.write_page(lake.account, file)
    return file


class Browser:
    """The page in headless Chromium."""

    def __init__(self, driver: Any, file: Path) -> None:
        self.driver = driver
        for log in ("performance", "browser"):
            driver.get_log(log)  # of the page before
        driver.get(file.as_uri())
        self.wait("document.body.dataset.drawn === '5'")

    def wait(self, condition: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, PATIENCE_SECONDS, 0.1).until(lambda driver: driver.execute_script(f"return {condition}"))

    def ask(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def choose(self, symbol: str) -> None:
        choice = "document.getElementById('symbol')"
        self.driver.execute_script(f"{choice}.value = {symbol!r}; {choice}.dispatchEvent(new Event('change'))")
        self.wait(f"document.body.dataset.symbol === {symbol!r}")

    def marks(self, chart: str, kind: str) -> int:
        """How many drawn shapes of a kind a chart has."""
        return int(self.ask(f"document.querySelectorAll('#{chart} g.mark-{kind}.role-mark path').length"))


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1800"):
        options.add_argument(option)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options, Service(str(DRIVER))) as driver:
        yield driver


@needs_chromium
def test_the_charts_are_drawn_and_a_symbol_filters_all_of_them(driver: Any, file: Path) -> None:
    browser = Browser(driver, file)
    assert browser.marks("price", "line") == 2
    assert (browser.marks("volume", "rect"), browser.marks("returns", "rect"), browser.marks("drawdowns", "rect")) == (36, 23, 3)
    browser.choose("MSFT")
    assert browser.marks("price", "line") == 1
    assert (browser.marks("volume", "rect"), browser.marks("returns", "rect"), browser.marks("drawdowns", "rect")) == (12, 11, 1)
    browser.choose("")
    assert browser.marks("price", "line") == 2


@needs_chromium
def test_no_text_is_cut_off_where_a_symbol_has_wider_numbers(driver: Any, file: Path) -> None:
    browser = Browser(driver, file)
    assert browser.ask(CUT_OFF) == []
    browser.choose("MSFT")
    assert browser.ask(CUT_OFF) == []


CUT_OFF = """[...document.querySelectorAll('.chart svg')].flatMap(svg => {
    const paper = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, at]) => at.left < paper.left - 1 || at.right > paper.right + 1)
        .map(([words]) => words);
})"""


@needs_chromium
def test_no_request_leaves_the_page_and_no_script_of_a_file_runs(driver: Any, file: Path) -> None:
    browser = Browser(driver, file)
    sent = [line["message"] for line in driver.get_log("performance") if '"Network.requestWillBeSent"' in line["message"]]
    assert len(sent) == 1 and "lake.html" in sent[0]
    assert driver.get_log("browser") == []
    assert browser.ask("document.body.dataset.hacked") is None
    assert HOSTILE in str(browser.ask("document.getElementById('rejected').textContent"))


@needs_chromium
def test_it_is_readable_on_a_phone_and_in_the_dark(driver: Any, file: Path) -> None:
    # The last one: the browser stays so.
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    browser = Browser(driver, file)
    assert browser.ask("document.documentElement.scrollWidth") == 390
    assert browser.ask("document.querySelector('#price svg').getBoundingClientRect().right") <= 390
    paper, ink = (browser.ask(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    assert contrast(paper, ink) > 7
    labels = browser.ask("document.querySelector('#price g.role-axis-label text').getAttribute('fill')")
    assert contrast(paper, labels) > 4.5


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, rgb(…) or #rrggbb: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""

    def luminance(colour: str) -> float:
        if colour.startswith("#"):
            parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        else:
            parts = [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [(part / 255) / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_it_tells_what_became_of_each_file(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "raw/stocks/IBM.csv" in text and "column not found" in text
    assert HOSTILE not in text and "&lt;script&gt;document" in text


def test_serve_makes_the_page_anew_for_each_visit(lake: Lake) -> None:
    with serving_page(lake.account, 0) as url:
        with urlopen(url) as answer:
            assert "raw/stocks/GOOG.csv" not in answer.read().decode()
        lake.drop({"GOOG.csv": csv(day("2016-01-04", 700))})
        with urlopen(url) as answer:
            assert "raw/stocks/GOOG.csv" in answer.read().decode()


def test_the_charts_are_drawn_as_a_picture(lake: Lake, tmp_path: Path) -> None:
    page.write_picture(lake.account, tmp_path / "lake.svg")
    drawing = ElementTree.parse(tmp_path / "lake.svg").getroot()
    titles = {text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {chart.title for chart in page.CHARTS} <= titles
    page.write_picture(lake.account, tmp_path / "lake.png")
    assert (tmp_path / "lake.png").read_bytes().startswith(b"\x89PNG")


def test_what_can_not_be_drawn_is_said(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(page.PageError, match=r"ends in \.svg or \.png"):
        page.write_picture(lake.account, tmp_path / "lake.gif")
    with pytest.raises(page.PageError, match="name a file in a folder that exists"):
        page.write_page(lake.account, tmp_path / "absent" / "lake.html")
    monkeypatch.setattr(page, "find_spec", lambda name: None)
    with pytest.raises(page.PageError, match="pip install -r requirements.txt"):
        page.write_page(lake.account, tmp_path / "lake.html")
