"""Going through pages and examining each: narrow and wide, light and dark, by axe and for what reaches beyond the page."""

from playwright.async_api import Page

from tests.portal.browser import NARROW, WIDE, Reader, overflows, shoot, violations


class Looker:
    """`area`: the beginning of the names of its pictures."""

    def __init__(self, page: Page, reader: Reader, area: str) -> None:
        self.page, self.reader, self.area = page, reader, area

    async def open(self, path: str, name: str = "", status: int = 200) -> None:
        answer = await self.page.goto(path)
        assert answer is not None
        assert (path, answer.status) == (path, status)
        if name:
            await self.see(name)

    async def see(self, name: str) -> None:
        assert (name, await violations(self.page), await self.page.locator("h1").count()) == (name, [], 1)
        assert (name, await self.page.get_attribute("html", "dir")) == (name, "rtl" if self.reader.lang[:2] == "ar" else "ltr")
        for width in sorted((NARROW, WIDE), key=lambda width: width == self.reader.width):  # its own last
            await self.page.set_viewport_size({"width": width, "height": 900})
            assert (name, width, await overflows(self.page)) == (name, width, [])
            dark = self.reader.dark == (width == self.reader.width)
            await self.page.emulate_media(color_scheme="dark" if dark else "light")
            await shoot(self.page, f"{self.area}-{name}-{Reader(self.reader.lang, width, dark)}")


async def press(page: Page, action: str, value: str = "") -> None:
    """The button of a form of the page."""
    button = f"button[value={value}]" if value else "button"
    async with page.expect_navigation():
        await page.locator(f"main form:has(input[name=action][value={action}]) {button}").first.click()
