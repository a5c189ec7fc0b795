"""The desk's page of products: one is made with a picture and options, counted, changed and taken off the shelf."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.conftest import PHONE
from tests.browser.test_small_screens import fits
from tests.browser.visitor import Visitor

NewVisitor = Callable[..., Awaitable[Visitor]]


def picture(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (600, 600), colour).save(file, "PNG")
    return file.getvalue()


async def writes_tin(page: Page) -> None:
    """A tin in two sizes, with what is wrong said at its field first."""
    form = page.locator(".product-form")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("This is needed.")).to_have_count(3)  # name, SKU, and that of its variant
    for colour in ("#7a9e7e", "#c9b458", "#aa3333"):
        await form.locator("input[type=file]").set_input_files(
            {"name": "tin.png", "mimeType": "image/png", "buffer": picture(colour)}
        )
        await expect(form.get_by_role("button", name="Add pictures")).to_be_enabled()
    await form.get_by_role("button", name="Move picture 2 to the left").click()
    await form.get_by_role("button", name="Remove picture 3").click()
    await expect(form.get_by_role("list", name="Pictures").get_by_role("listitem")).to_have_count(2)
    await form.get_by_label("Name (English)").fill("Tea tin")
    await form.get_by_label("Name (中文)").fill("茶叶罐")
    await form.get_by_label("SKU").first.fill("tin")
    await form.get_by_label("Category", exact=True).fill("teaware")
    await expect(form.get_by_label("Category name (中文)")).to_have_value("茶具")
    await form.get_by_role("button", name="Add an option").click()
    await form.get_by_label("Option (English)").first.fill("Size")
    await form.get_by_label("Option (中文)").first.fill("尺寸")
    await form.get_by_role("button", name="Add a variant").click()
    for number, (en, zh, sku, price) in enumerate(
        (("Small", "小", "tin-s", "30"), ("Large", "大", "longjing", "45.5"))
    ):
        variant = form.locator(".variant").nth(number)
        await variant.get_by_label("Size (English)").fill(en)
        await variant.get_by_label("Size (中文)").fill(zh)
        await variant.get_by_label("SKU").fill(sku)
        await variant.get_by_label("Price", exact=True).fill(price)
    await expect(form.get_by_text("This is needed.")).to_have_count(0)
    await form.get_by_role("button", name="Save").click()
    taken = form.locator(".variant").nth(1)
    await expect(taken.get_by_text("Another product or variant has the SKU longjing already.")).to_be_visible()
    await taken.get_by_label("SKU").fill("tin-l")


async def turns_pictures(page: Page) -> None:
    """The small picture turns the large one, is marked, and the page stays where it is."""
    await page.goto("/shop/tin")
    small = page.locator(".thumbs a")
    await expect(small.first).to_have_attribute("aria-current", "true")
    await small.nth(1).click()
    await expect(small.nth(1)).to_have_attribute("aria-current", "true")
    await expect(page.locator("#picture-2")).to_be_in_viewport(ratio=0.9)
    assert await page.evaluate("scrollY") == 0


async def test_a_product_is_made_counted_and_taken_off_the_shelf(
    admin: Agent, new_visitor: NewVisitor, screenshots: Path
) -> None:
    page = admin.page
    await admin.goes("/products")
    row = page.locator("tr.open")
    await expect(row.filter(has_text="Anxi Tieguanyin")).to_contain_text("¥48.00 – ¥198.00")
    await expect(row.filter(has_text="Silver Needle")).to_contain_text("Sold out")
    await fits(page)
    await admin.draws(screenshots, "desk-products")
    await page.get_by_role("button", name="Places").click()
    await page.get_by_label("Code", exact=True).fill("cellar")
    await page.get_by_role("dialog").get_by_label("Name (English)").fill("Cellar")
    await page.get_by_role("dialog").get_by_role("button", name="Add").click()
    await expect(page.get_by_label("cellar English")).to_be_visible()
    await admin.draws(screenshots, "desk-products-places")
    await page.keyboard.press("Escape")
    await page.get_by_placeholder("Search name, SKU or barcode").fill("tin")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await page.get_by_role("button", name="New product").click()
    await writes_tin(page)
    await admin.draws(screenshots, "desk-products-form")
    await page.locator(".product-form").get_by_role("button", name="Save").click()
    await page.get_by_label("tin-s Cellar").fill("7")
    await page.locator(".variant").first.get_by_role("button", name="Save").click()
    await expect(row.filter(has_text="Tea tin").locator("td.end").last).to_have_text("7")
    await expect(page.locator(".detail")).to_contain_text("Sold out")  # the large one
    await admin.draws(screenshots, "desk-products-detail")
    shop = (await new_visitor()).page.locator("li.product", has_text="Tea tin")
    await expect(shop).to_contain_text("from ¥30.00")
    await expect(shop.locator("img")).to_have_js_property("naturalWidth", 600)
    await turns_pictures(await shop.page.context.new_page())
    await page.get_by_role("button", name="Close this dialog").last.click()
    await row.filter(has_text="Tea tin").locator(".el-switch").click()
    await expect(page.get_by_text("Saved").last).to_be_visible()
    await shop.page.reload()
    await expect(shop).to_have_count(0)


async def test_the_products_on_small_screens(admin: Agent, screenshots: Path) -> None:
    page = admin.page
    for width, height in ((1100, 760), PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        for path, found in (("", "tr.open"), ("/3", ".detail"), ("/new", ".product-form")):
            await admin.goes(f"/products{path}")
            await expect(page.locator(found).first).to_be_visible()
            await fits(page)
            await admin.draws(screenshots, f"desk-products-{width}{path.replace('/', '-')}")
