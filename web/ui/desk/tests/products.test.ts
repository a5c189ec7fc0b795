import { describe, expect, it } from "vitest";

import type { Place, Product, Variant } from "../api/types";
import { addOption, addVariant, draftOf, fieldOf, free, moved, priceRange, problemsOf, tidied } from "../logic/products";

const price = (currency: string, amount: string) => ({ currency, amount, compare_at: "", text: amount, compare_at_text: "" });
const variant = (sku: string, amount: string, pieces: Record<string, number>, more: Partial<Variant> = {}): Variant => ({
  sku, barcode: "", values: [{ en: sku }], active: true, prices: [price("CNY", amount)], pieces, held: 0, ...more,
});
const product = (...variants: Variant[]): Product => ({
  id: 1, sku: "tea", name: { en: "Tea" }, description: {}, category: "", options: [{ en: "Size" }], position: 0, active: true, variants, pictures: [],
  updated_at: "2026-11-23T09:00:00.000001+00:00",
});
const places: Place[] = [
  { code: "main", name: {}, active: true, position: 0 },
  { code: "attic", name: {}, active: false, position: 1 },
];

describe("a product", () => {
  it("has free what lies at open places and nobody holds, of what is on sale", () => {
    const all = [variant("a", "1", { main: 5, attic: 9 }, { held: 2 }), variant("b", "1", { main: 1 }, { held: 3 }), variant("c", "1", { main: 7 }, { active: false })];
    expect(free(all, places)).toBe(3);
  });

  it("costs from the cheapest to the dearest in the shop's currency, by amount and not by letters", () => {
    const both = variant("b", "9", {}, { prices: [price("USD", "1"), price("CNY", "9.5")] });
    const range = priceRange(product(variant("a", "10", {}), both, variant("c", "1", {}, { active: false })), "CNY");
    expect(range?.map((one) => one.text)).toEqual(["9.5", "10"]);
    expect(priceRange(product(variant("a", "10", {})), "USD")?.map((one) => one.text)).toEqual(["10", "10"]);
  });
});

describe("a form of one", () => {
  it("says at each field what is missing", () => {
    const draft = draftOf(null, "CNY");
    addOption(draft);
    addVariant(draft, "CNY");
    expect(problemsOf(draft)).toEqual({
      sku: "needed", name: "needed", "option.0": "needed", "variant.0.sku": "needed", "variant.0.values": "values",
      "variant.0.prices": "price", "variant.1.sku": "needed", "variant.1.values": "values", "variant.1.prices": "price",
    });
  });

  it("says what is twice and which price is none", () => {
    const draft = draftOf(product(variant("a", "1", {}), variant("b", "2", {}), variant("c", "3", {})), "CNY");
    expect(problemsOf(draft)).toEqual({});
    const [, second, third] = draft.variants;
    Object.assign(second!, { sku: "a ", values: [{ en: "a" }], prices: [{ currency: "CNY", amount: "0", compare_at: "" }] });
    third!.prices.push({ currency: "cny", amount: "1", compare_at: "" });
    expect(problemsOf(draft)).toEqual({ "variant.1.sku": "twice", "variant.1.values": "same", "variant.1.prices": "price", "variant.2.prices": "currencies" });
  });

  it("sends what its category is called where that was changed", () => {
    const categories = [{ code: "tea", name: { zh: "茶" } }];
    const draft = { ...draftOf(product(variant("a", "1", {})), "CNY"), category: " tea", category_name: { zh: "茶", en: " " } };
    expect(tidied(draft, [], categories)).toMatchObject({ category: "tea" });
    expect(tidied(draft, [], categories)).not.toHaveProperty("category_name");
    for (const names of [{ zh: "茶叶" }, { zh: "" }]) expect(tidied({ ...draft, category_name: names }, [], categories)).toHaveProperty("category_name", names);
  });

  it("puts its pictures in order", () => {
    expect([moved("abc".split(""), 0, 1), moved("abc".split(""), 2, 1), moved(["a"], 0, 0)].map((one) => one.join(""))).toEqual(["bac", "acb", "a"]);
  });

  it("shows a refusal where it belongs", () => {
    const draft = draftOf(product(variant("tea", "1", {}), variant("b", "2", {})), "CNY");
    expect([
      fieldOf(draft, { field: "prices", sku: "b" }), fieldOf(draft, { field: "variants", sku: "b" }), fieldOf(draft, { field: "sku", sku: "b" }),
      fieldOf(draft, { field: "sku", sku: "tea" }), fieldOf(draft, { field: "pictures" }), fieldOf(draft, { field: "variants" }), fieldOf(draft, {}),
    ]).toEqual(["variant.1.prices", "variant.1.values", "variant.1.sku", "sku", "pictures", "", ""]);
  });
});
