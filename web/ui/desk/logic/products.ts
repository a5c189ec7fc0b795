/** Products as pages show them, and as a form changes them: what is wrong with one, and at which field that is said. */
import type { Attachment, Category, Place, Price, Product, Variant, Words } from "../api/types";

export type DraftPrice = Pick<Price, "currency" | "amount" | "compare_at">;
/** `was` is the SKU of a variant that is there already, "" of a new one. */
export type DraftVariant = Pick<Variant, "sku" | "barcode" | "active" | "values"> & { was: string; prices: DraftPrice[] };
export type Draft = Pick<Product, "sku" | "name" | "description" | "category" | "options" | "position" | "active"> & {
  /** What the category is called, for all its products; it is sent where it was changed. */
  category_name?: Words;
  variants: DraftVariant[];
  pictures: number[];
  /** When the product had been changed last, as the form shows it; "" of a new one. */
  seen: string;
};
export type Problem = "needed" | "twice" | "price" | "currencies" | "values" | "same";
/** Where something is wrong: "sku", "name", "option.0", "variant.1.sku", "variant.1.values", "variant.1.prices". */
export type Problems = Record<string, Problem>;

const AMOUNT = /^\d+(\.\d+)?$/;
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export const wordsIn = (texts: Words, language: string): string =>
  texts[language] || texts["en"] || Object.values(texts).find((text) => text) || "";

/** What a category is called by language; nothing of one that is new. */
export const namesOf = (categories: readonly Category[], code: string): Words => categories.find((one) => one.code === code.trim())?.name ?? {};

/** What a category is called: its code where nobody has written that in this language. */
export const categoryIn = (categories: readonly Category[], code: string, language: string): string => namesOf(categories, code)[language] || code;

/** What may be sold of a variant, or of all that are on sale: what lies at open places, less what orders hold. */
export function free(variants: readonly Variant[], places: readonly Place[]): number {
  const open = places.filter((place) => place.active).map((place) => place.code);
  const left = (one: Variant): number => open.reduce((sum, code) => sum + (one.pieces[code] ?? 0), 0) - one.held;
  return variants.filter((one) => one.active).reduce((sum, one) => sum + Math.max(0, left(one)), 0);
}

/** The cheapest and the dearest price of what is on sale, in the shop's currency where it has one. */
export function priceRange(product: Product, currency: string): [Price, Price] | null {
  const sold = product.variants.filter((one) => one.active);
  const prices = (sold.length ? sold : product.variants).flatMap((one) => one.prices);
  const used = prices.some((price) => price.currency === currency) ? currency : prices[0]?.currency;
  const same = prices.filter((price) => price.currency === used).sort((a, b) => Number(a.amount) - Number(b.amount));
  const [first, last] = [same[0], same[same.length - 1]];
  return first && last ? [first, last] : null;
}

const freshPrice = (currency: string): DraftPrice => ({ currency, amount: "", compare_at: "" });

/** A product to fill in, or one to change. */
export function draftOf(product: Product | null, currency: string): Draft {
  if (!product) {
    const only: DraftVariant = { was: "", sku: "", barcode: "", active: true, values: [], prices: [freshPrice(currency)] };
    return { sku: "", name: {}, description: {}, category: "", category_name: {}, options: [], position: 0, active: true, variants: [only], pictures: [], seen: "" };
  }
  const { sku, name, description, category, options, position, active } = copy(product);
  const variants = copy(product.variants).map((one) => ({
    was: one.sku,
    sku: one.sku,
    barcode: one.barcode,
    active: one.active,
    values: options.map((_, at) => one.values[at] ?? {}),
    prices: one.prices.map((price) => ({ currency: price.currency, amount: price.amount, compare_at: price.compare_at })),
  }));
  return { sku, name, description, category, category_name: {}, options, position, active, variants, pictures: [], seen: product.updated_at };
}

/** One more variant, sold in the same currencies. */
export function addVariant(draft: Draft, currency: string): void {
  const currencies = draft.variants[0]?.prices.map((price) => price.currency) ?? [currency];
  const values = draft.options.map(() => ({}));
  draft.variants.push({ was: "", sku: "", barcode: "", active: true, values, prices: currencies.map(freshPrice) });
}

export function addOption(draft: Draft): void {
  draft.options.push({});
  for (const variant of draft.variants) variant.values.push({});
}

export function removeOption(draft: Draft, at: number): void {
  draft.options.splice(at, 1);
  for (const variant of draft.variants) variant.values.splice(at, 1);
}

export const addPrice = (variant: DraftVariant): void => void variant.prices.push(freshPrice(""));

const isEmpty = (texts: Words): boolean => !Object.values(texts).some((text) => text.trim());
const asOne = (values: readonly Words[]): string => JSON.stringify(values.map((one) => [one["en"]?.trim(), one["zh"]?.trim()]));

/** What can be seen to be wrong before it is sent; the server has the last word. */
export function problemsOf(draft: Draft): Problems {
  const found: Problems = {};
  if (!draft.sku.trim()) found["sku"] = "needed";
  if (isEmpty(draft.name)) found["name"] = "needed";
  draft.options.forEach((option, at) => {
    if (isEmpty(option)) found[`option.${at}`] = "needed";
  });
  draft.variants.forEach((variant, at) => Object.assign(found, problemsOfVariant(draft, variant, at)));
  return found;
}

function problemsOfVariant(draft: Draft, variant: DraftVariant, at: number): Problems {
  const found: Problems = {};
  const before = draft.variants.slice(0, at);
  const sku = variant.sku.trim();
  if (!sku) found[`variant.${at}.sku`] = "needed";
  else if (before.some((one) => one.sku.trim() === sku)) found[`variant.${at}.sku`] = "twice";
  if (variant.values.some(isEmpty)) found[`variant.${at}.values`] = "values";
  else if (before.some((one) => asOne(one.values) === asOne(variant.values))) found[`variant.${at}.values`] = "same";
  const amounts = variant.prices.flatMap((price) => [price.amount, price.compare_at || "1"].map((text) => text.trim()));
  const currencies = variant.prices.map((price) => price.currency.trim().toUpperCase());
  if (!amounts.length || amounts.some((text) => !AMOUNT.test(text) || Number(text) === 0)) found[`variant.${at}.prices`] = "price";
  else if (new Set(currencies).size < currencies.length || currencies.some((one) => one.length !== 3))
    found[`variant.${at}.prices`] = "currencies";
  return found;
}

/** Where in the form a refusal of the server's belongs; "" where it is about all of it. */
export function fieldOf(draft: Draft, details: Record<string, unknown>): string {
  const field = typeof details["field"] === "string" ? details["field"] : "";
  const at = draft.variants.findIndex((one) => one.sku.trim() === details["sku"]);
  if (field === "prices" || field === "variants") return at < 0 ? "" : `variant.${at}.${field === "prices" ? "prices" : "values"}`;
  if (field === "sku" && at >= 0 && draft.sku.trim() !== details["sku"]) return `variant.${at}.sku`;
  return ["sku", "name", "description", "category", "category_name", "pictures"].includes(field) ? field : "";
}

const said = (texts: Words): string => JSON.stringify([texts["en"]?.trim() ?? "", texts["zh"]?.trim() ?? ""]);

/** What is sent of it. */
export function tidied(draft: Draft, pictures: readonly Attachment[], categories: readonly Category[]): Draft {
  const variants = draft.variants.map((one) => ({
    ...one,
    sku: one.sku.trim(),
    prices: one.prices.map((price) => ({
      currency: price.currency.trim().toUpperCase(),
      amount: price.amount.trim(),
      compare_at: price.compare_at.trim(),
    })),
  }));
  const { category_name: names = {}, ...rest } = draft;
  const renamed = said(names) === said(namesOf(categories, draft.category)) ? {} : { category_name: names };
  return { ...rest, ...renamed, sku: draft.sku.trim(), category: draft.category.trim(), variants, pictures: pictures.map((one) => one.id) };
}

/** The same things with one of them at another place. */
export function moved<T>(things: readonly T[], from: number, to: number): T[] {
  const others = things.filter((_, at) => at !== from);
  return [...others.slice(0, to), ...things.slice(from, from + 1), ...others.slice(to)];
}

/** The places with this one among them, new or changed. */
export function withPlace(places: readonly Place[], place: Place): Place[] {
  const there = places.some((one) => one.code === place.code);
  return there ? places.map((one) => (one.code === place.code ? place : one)) : [...places, place];
}
