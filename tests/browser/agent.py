"""A member of staff at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import FilePayload, Locator, Page, expect

from tests.chromium import draw

PASSWORD = "tea-and-mountains-42"


@dataclass
class Agent:
    """One person in one browser, who reads English."""

    page: Page

    async def logs_in(self, login: str, once: str, password: str = PASSWORD) -> None:
        """With a one-time password, and then with the own one that the desk demands."""
        page = self.page
        await page.goto("/desk")
        await page.get_by_label("User name").fill(login)
        await page.get_by_label("Password").fill(once)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_text("Your password was given to you once.")).to_be_visible()
        await page.get_by_label("Current password").fill(once)
        await page.get_by_label("New password", exact=True).fill(password)
        await page.get_by_label("New password again").fill(password)
        await page.get_by_role("button", name="Change password").click()
        await expect(page.get_by_role("link", name="Inbox")).to_be_visible()

    async def adds_colleague(self, login: str, name: str) -> str:
        """A new agent's account; returns its one-time password."""
        await self.goes("/settings#staff")
        await self.page.get_by_role("button", name="Add an account").click()
        dialog = self.page.get_by_role("dialog", name="Add an account")
        await dialog.get_by_label("User name").fill(login)
        await dialog.get_by_label("Name", exact=True).fill(name)
        await dialog.get_by_role("button", name="Add", exact=True).click()
        secret = self.page.locator(".secret code")
        await expect(secret).to_be_visible()
        return await secret.inner_text()

    async def makes_link_code(self) -> str:
        """What to write to the bot: `/link CODE`."""
        await self.goes("/settings#link")
        await self.page.get_by_role("button", name="Make a code").click()
        return await self.page.locator("code").inner_text()

    async def goes(self, path: str) -> None:
        await self.page.goto(f"/desk{path}")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def rows(self) -> Locator:
        return self.page.locator("section.list a.row")

    async def opens(self, conversation: int) -> None:
        await self.goes(f"/c/{conversation}")
        await expect(self.thread.locator("article").first).to_be_visible()

    async def sees(self, text: str) -> Locator:
        found = self.thread.get_by_text(text).last
        await expect(found).to_be_visible()
        return found

    async def takes_over(self) -> None:
        await self.page.get_by_role("button", name="Take over").click()
        await expect(self.page.get_by_role("button", name="Give back to the bot")).to_be_visible()

    async def gives_back(self) -> None:
        await self.page.get_by_role("button", name="Give back to the bot").click()
        await expect(self.page.get_by_role("button", name="Take over")).to_be_visible()

    async def replies(self, text: str) -> None:
        box = self.page.get_by_role("textbox", name="Reply")
        await box.fill(text)
        await box.press("Enter")
        await self.sees(text)

    async def notes(self, text: str) -> None:
        await self.page.get_by_role("tab", name="Note").click()
        box = self.page.get_by_role("textbox", name="Note")
        await box.fill(text)
        await box.press("Enter")
        await self.sees(text)
        await self.page.get_by_role("tab", name="Reply").click()

    async def sends(self, file: FilePayload) -> None:
        await self.page.locator(".composer input[type=file]").set_input_files(file)
        await self.page.get_by_role("button", name="Send").click()
        await self.sees(file["name"])

    async def steps(self, number: str, *steps: str) -> None:
        """Take an order through steps: Pack, Ship, Delivered, Complete."""
        await self.goes("/orders")
        await self.page.get_by_role("link", name=number).click()
        detail = self.page.get_by_role("dialog").filter(has_text=number)
        for step in steps:
            await detail.get_by_role("button", name=step).click()
            question = self.page.locator(".step-dialog:visible")
            await question.get_by_role("button", name=step).click()
            await expect(question).to_be_hidden()

    async def accepts_review(self, text: str) -> None:
        await self.goes("/reviews")
        await self.page.locator("article").filter(has_text=text).get_by_role("button", name="Accept").click()
        await expect(self.page.get_by_text("Shown on the shop page")).to_be_visible()

    async def draws(self, folder: Path, name: str) -> None:
        await draw(self.page, folder / f"{name}.png")
