"""How a test finds its way about the page."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page

Address = Callable[..., str]


def message(page: Page, message_id: int) -> Locator:
    """A message of the open chat."""
    return page.locator(f'[data-testid="message"][data-message-id="{message_id}"]')


def write(page: Page, text: str) -> None:
    """Type and press Enter."""
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")
