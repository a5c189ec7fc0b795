/** What staff put together for a customer: the lines, where they go, and what all of it costs at this moment. */
import { computed, nextTick, reactive, ref, watch } from "vue";

import { ApiError } from "../api/client";
import type { Choice, Order, Quote, SaleForm, Terms, Where } from "../api/types";
import { t } from "../i18n/words";
import { attempt } from "./toasts";

export type Line = { sku: string; name: string; quantity: number };
export type Basket = Where & Omit<Terms, "lines"> & { lines: Line[]; note: string };

const SETTLE = 250; // milliseconds after the last change

export const emptyBasket = (): Basket => ({ lines: [], country: "", method: "", code: "", name: "", phone: "", address: "", parts: null, note: "" });

/** Where it went before; to a country that is not sold to any more only its text goes. */
export function goTo(basket: Basket, form: SaleForm, to: SaleForm["addresses"][number] | undefined): void {
  const country = to && form.countries.includes(to.country) ? to.country : basket.country || (form.countries[0] ?? "");
  const { name, phone, address, parts } = to ?? basket;
  Object.assign(basket, { name, phone, address, country, parts: parts && to?.country === country ? { ...parts } : null });
}

/** What an order is now; of an earlier one its tax alone tells the country. */
export function basketOf(order: Order): Basket {
  const named = (kind: string): string => order.charges.find((charge) => charge.kind === kind)?.name ?? "";
  return {
    lines: order.lines.map(({ sku, name, quantity }) => ({ sku, name, quantity })),
    country: order.country || named("tax"),
    method: named("shipping"),
    code: named("discount"),
    name: order.name,
    phone: order.phone,
    address: order.address,
    parts: order.parts && { ...order.parts },
    note: "",
  };
}

/** `ask` tells what it costs; of several answers that are under way the last one counts. */
export function useBasket(ask: (terms: Terms) => Promise<Quote>) {
  const basket = reactive(emptyBasket());
  const quote = ref<Quote | null>(null);
  const wrong = ref("");
  /** What is wrong with each field, by its name. */
  const faults = ref<Record<string, string>>({});
  const busy = ref(false);
  let asked = 0;
  let timer = 0;

  const terms = computed<Terms>(() => ({
    lines: basket.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    country: basket.country,
    method: basket.method,
    code: basket.code.trim(),
  }));

  async function price(): Promise<void> {
    const mine = ++asked;
    busy.value = true;
    try {
      const found = await ask(terms.value);
      if (mine !== asked) return;
      [quote.value, wrong.value, basket.method] = [found, "", found.method];
    } catch (error) {
      if (mine !== asked) return;
      [quote.value, wrong.value] = [null, error instanceof ApiError ? error.message : t("error.broken")];
    }
    busy.value = false;
  }

  /** Ask again at once: what it costs may have changed though the terms have not. */
  async function refresh(): Promise<void> {
    busy.value = basket.lines.length > 0;
    await nextTick(); // what was put in just now is asked about by this, and not once more
    window.clearTimeout(timer);
    if (basket.lines.length > 0) await price();
  }

  watch(
    () => JSON.stringify(terms.value),
    () => {
      window.clearTimeout(timer);
      asked += 1;
      if (basket.lines.length === 0) {
        [quote.value, wrong.value, busy.value] = [null, "", false];
        return;
      }
      busy.value = true;
      timer = window.setTimeout(() => void price(), SETTLE);
    },
  );

  function add(choice: Choice): void {
    const known = basket.lines.find((line) => line.sku === choice.sku);
    if (known) known.quantity += 1;
    else basket.lines.push({ sku: choice.sku, name: choice.name, quantity: 1 });
  }

  function remove(sku: string): void {
    basket.lines = basket.lines.filter((line) => line.sku !== sku);
  }

  /** Who it is for, and where to: as one text, or in parts. */
  const where = computed<Where>(() => {
    const { name, phone, address, parts } = basket;
    return { name, phone, address: parts ? "" : address, parts };
  });

  /** False when it was refused, and the reader has been told why, and in which fields. */
  async function attempted(work: () => Promise<unknown>): Promise<boolean> {
    faults.value = {};
    return attempt(async () => {
      try {
        await work();
      } catch (error) {
        if (error instanceof ApiError) faults.value = (error.details.fields ?? {}) as Record<string, string>;
        throw error;
      }
    });
  }

  const isSomewhere = computed(() => (basket.parts ? Object.values(basket.parts).join("") : basket.address).trim() !== "");
  const ready = computed(() => quote.value !== null && !busy.value && basket.name.trim() !== "" && isSomewhere.value);

  return { basket, quote, wrong, faults, busy, terms, where, ready, add, remove, refresh, attempted };
}
