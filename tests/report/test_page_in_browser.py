"""The page in a real browser: no errors, and filters, links, sliders and themes work."""

import re

import pytest

from zotheory.ledger.claim import Verdict
from zotheory.report.html.page import Picture, render_html

pytestmark = [pytest.mark.needs_program("chromedriver"), pytest.mark.usefixtures("few_certified")]

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1200,1000"
)


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, make, tmp_path, few_certified):
    results = [
        make(id="A1", title="alpha"),
        make(id="A4", title="beta", depends=("A1",)),
        make(id="B1", title="gamma", verdict=Verdict.REFUTED, expected=Verdict.REFUTED),
    ]
    picture = Picture("curves", '<svg width="9" height="9"><rect width="9" height="9"/></svg>', "caption")
    path = tmp_path / "report.html"
    path.write_text(render_html(results, [picture]), encoding="utf-8")
    browser.get(path.as_uri())
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def find(page, selector):
    return page.find_element("css selector", selector)


def shown(page):
    return [
        item.get_attribute("id")
        for item in page.find_elements("css selector", ".claim")
        if item.is_displayed()
    ]


def set_slider(page, name, value):
    page.execute_script(
        "const input = document.getElementById(arguments[0]); input.value = arguments[1];"
        "input.dispatchEvent(new Event('input', {bubbles: true}))", name, value)  # fmt: skip


def test_filters_show_what_fits_and_say_how_many(page):
    assert len(shown(page)) == 3
    find(page, "#words").send_keys("gam")
    assert shown(page) == ["claim-B1"]
    assert find(page, "#shown").text == "1 of 3 claims"
    find(page, "#all-claims").click()
    page.execute_async_script("setTimeout(arguments[0], 50)")
    assert len(shown(page)) == 3
    find(page, ".verdict-box[value=proved]").click()
    assert shown(page) == ["claim-B1"]
    find(page, "#all-claims").click()
    page.execute_async_script("setTimeout(arguments[0], 50)")
    find(page, "#group option:nth-child(2)").click()
    assert shown(page) == ["claim-A1", "claim-A4"]
    find(page, '.tile a[data-verdict="refuted"]').click()
    assert shown(page) == ["claim-B1"]


def test_a_link_opens_its_claim_also_if_a_filter_hides_it(page):
    find(page, "#words").send_keys("gamma")
    page.execute_script("location.hash = '#claim-A4'")
    page.execute_async_script("setTimeout(arguments[0], 100)")
    assert find(page, "#claim-A4").get_attribute("open") is not None
    assert find(page, "#claim-A4 math").is_displayed()
    assert find(page, "#claim-A4 a[href='#claim-A1']").is_displayed()


def test_closed_forms_agree_with_certified_optima_in_the_browser(page):
    note = find(page, "#selfcheck")
    assert note.get_attribute("data-agrees") == "true"
    assert "12 optima that the solver certified" in note.text


def test_sliders_move_the_law_and_its_value(page):
    before, drawn = find(page, "#readout").text, find(page, "#drawing").get_attribute("innerHTML")
    set_slider(page, "cap", 80)
    after = find(page, "#readout").text
    assert after != before
    assert find(page, "#drawing").get_attribute("innerHTML") != drawn
    # The claim's own formula: V = 1/p, p = 1 - (d - 1)/R^2.
    d, cap, value = (float(re.search(rf"{name} (?:= )?(?:is )?([\d.]+)", after)[1])
                     for name in ("d", "R²", "V"))  # fmt: skip
    assert value == pytest.approx(1 / (1 - (d - 1) / cap), rel=1e-3)
    set_slider(page, "cap", 0)
    assert "laws of fixed length" in find(page, "#readout").text


@pytest.mark.parametrize(
    ("mode", "slider"), [("budget", "kappa"), ("guide", "rho"), ("aligned", None), ("blind", None)]
)
def test_every_mode_draws_and_uses_its_own_sliders(page, mode, slider):
    page.execute_script(f"document.querySelector('input[value={mode}]').click()")
    used = {name for name in ("cap", "kappa", "rho") if find(page, f"#{name}").is_enabled()}
    assert used == ({slider} if slider else set())
    for place in (1, 30, 99):
        for name in ("d", *used):
            set_slider(page, name, place)
            assert "NaN" not in find(page, "#picture").get_attribute("innerHTML")
            assert "NaN" not in find(page, "#readout").text
            assert "the least V is" in find(page, "#readout").text


def test_a_guide_of_no_use_has_the_line_of_fixed_length_in_contact(page):
    """d = 4 and rho = 1/2: rho^2 = 1/d."""
    page.execute_script("document.querySelector('input[value=guide]').click()")
    place = next(i for i in range(100) if dimension(page, i) == 4)
    set_slider(page, "d", place)
    set_slider(page, "rho", 50)
    assert "d = 4, ρ = 0.5" in find(page, "#readout").text
    assert "laws of fixed length" in find(page, "#readout").text
    set_slider(page, "rho", 51)
    assert "laws of fixed length" not in find(page, "#readout").text


def dimension(page, place):
    set_slider(page, "d", place)
    return int(re.search(r"d = (\d+)", find(page, "#readout").text)[1])


def test_themes_and_keyboard(page):
    theme = find(page, "#theme")
    colours = [page.execute_script("return getComputedStyle(document.body).backgroundColor")]
    theme.send_keys(" ")
    colours.append(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
    summary = find(page, "#claim-A1 > summary")
    summary.send_keys("\n")
    assert find(page, "#claim-A1 .statement").is_displayed()


def test_nothing_leaves_a_narrow_screen(page):
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        set_slider(page, "d", 33)  # draws again
        right = page.execute_script(
            "return document.getElementById('picture').getBoundingClientRect().right"
        )
        masses = [
            item for item in page.find_elements("css selector", "#drawing text") if "mass" in item.text
        ]
        assert len(masses) == 2
        assert all(item.rect["x"] + item.rect["width"] <= right for item in masses)
        assert page.execute_script(WIDE_STATEMENT) == 0
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# How far the card of a claim with a very wide formula reaches, beyond its own edge.
WIDE_STATEMENT = """
const statement = document.querySelector('#claim-A1 .statement');
statement.innerHTML = '<span style="display: inline-block; width: 900px; height: 1em"></span>';
const card = document.getElementById('claim-A1');
card.open = true;
return card.scrollWidth - card.clientWidth;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_enough_contrast(page, dark):
    """WCAG AA: 4.5 to 1 for text of this size."""
    if dark:
        find(page, "#theme").click()
    for selector in ("body", ".badge.proved", ".badge.refuted", ".note", "a", ".strength", ".tile.proved"):
        ratio = page.execute_script(CONTRAST, selector)
        assert ratio >= 4.5, (selector, ratio)


CONTRAST = """
const luminance = (text) => {
  const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
let node = document.querySelector(arguments[0]);
const ink = luminance(getComputedStyle(node).color);
while (/rgba\\(.*, 0\\)/.test(getComputedStyle(node).backgroundColor)) node = node.parentElement;
const paper = luminance(getComputedStyle(node).backgroundColor);
return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
"""
