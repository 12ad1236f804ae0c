"""axe-core in a page: WCAG 2.0 to 2.2, levels A and AA, and its best practices. Nothing is
switched off."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
_RUN = """async tags => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.map(one => [one.id, one.impact, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160) + ' :: ' + node.failureSummary)]);
}"""
#: What sticks out to the right, the outermost last.
_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const inside = e => { for (let p = e.parentElement; p; p = p.parentElement)
    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return true; return false; };
  return document.documentElement.scrollWidth + ' > ' + width + ': ' + [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > width + 1 && !inside(e)).slice(0, 4).map(e => e.outerHTML.slice(0, 120)).join(' | ');
}"""


def violations(page: Page, where: str) -> list[str]:
    """What axe finds wrong in the page as it stands, in words. Works under the strict CSP, which
    stays in force."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    faults: list[list[Any]] = page.evaluate(_RUN, list(TAGS))
    return [f"{where}: {rule} ({impact}): {'; '.join(nodes)}" for rule, impact, nodes in faults]


def too_wide(page: Page, where: str) -> list[str]:
    overflowing = page.evaluate(_WIDE)
    return [f"{where}: scrolls sideways: {overflowing}"] if overflowing else []
