/** How many panes fit: one on a phone, two on a laptop, three on a wide screen. */
import { ref } from "vue";

export type Screen = "phone" | "laptop" | "wide";

const phone = window.matchMedia("(max-width: 767px)");
const laptop = window.matchMedia("(max-width: 1279px)");

const measure = (): Screen => (phone.matches ? "phone" : laptop.matches ? "laptop" : "wide");

export const screen = ref<Screen>(measure());
for (const query of [phone, laptop]) query.addEventListener("change", () => (screen.value = measure()));
