"""A headless Chromium for a test, driven by selenium; both are Debian's. Ended by the driver that was started."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

PAGE_S_MAX = 60

AUDIT = r"""
const found = [];
const html = document.documentElement;
if (!/^(en|de)$/.test(html.lang)) found.push('no language');
if (!document.title.trim()) found.push('no title');
if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
if (document.querySelectorAll('main').length !== 1) found.push('not one main');
if (document.scripts.length) found.push('a script');
let level = 0;
for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
  const own = Number(heading.tagName[1]);
  if (own > level + 1) found.push('a heading is left out before: ' + heading.textContent);
  level = own;
}
const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
if (new Set(ids).size !== ids.length) found.push('an id twice');
for (const each of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const name of [each.getAttribute('aria-labelledby'), each.getAttribute('aria-describedby')])
    if (name && !document.getElementById(name)) found.push('a reference to nothing: ' + name);
for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
  if (!field.labels.length && !field.getAttribute('aria-label')) found.push('a field without a label: ' + field.name);
for (const each of document.querySelectorAll('a, button')) {
  if (!each.textContent.trim()) found.push('a control without words');
  if (each.tabIndex < 0) found.push('a control that the keyboard does not reach');
}
function light(colour) {
  const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map((each) => each / 255)
    .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(element) {
  for (let here = element; here; here = here.parentElement) {
    const colour = getComputedStyle(here).backgroundColor;
    if (!/^rgba\(.*, 0\)$/.test(colour) && colour !== 'transparent') return colour;
  }
  return 'rgb(255, 255, 255)';
}
for (const each of document.querySelectorAll('h1, h2, p, dt, dd, a, button, code')) {
  const [fore, back] = [light(getComputedStyle(each).color), light(ground(each))];
  const contrast = (Math.max(fore, back) + 0.05) / (Math.min(fore, back) + 0.05);
  if (contrast < 4.5) found.push('too little contrast: ' + each.tagName + ' ' + contrast.toFixed(1));
}
if (html.scrollWidth > html.clientWidth) found.push('wider than the window');
return found;
"""
"""What a program can see of WCAG 2.2, level AA: language, title, headings, names of controls and fields, references,
the keyboard's reach, contrast, reflow."""


@contextmanager
def chrome(folder: Path, *, width: int = 1_000) -> Iterator[WebDriver]:
    """Without scripts: JavaScript is off in every page. Skips where there is no browser."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("not installed: chromium, chromium-driver; as root on Debian, .ci/run installs them")
    options = Options()
    options.binary_location = binary
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--no-proxy-server",
        f"--window-size={width},1200",
        f"--user-data-dir={folder}",
        "--lang=en",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"webkit.webprefs.javascript_enabled": False})
    browser = webdriver.Chrome(options=options, service=Service(driver, log_output=str(folder) + ".log"))
    try:
        browser.set_page_load_timeout(PAGE_S_MAX)
        browser.implicitly_wait(PAGE_S_MAX / 4)
        browser.get("data:text/html,<title>off</title><script>document.title = 'on'</script>")
        assert browser.title == "off"  # scripts are
        yield browser
    finally:
        browser.quit()
