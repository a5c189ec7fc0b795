// Runs the chat box's tests; those that need a page say so themselves (`@vitest-environment happy-dom`).
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { name: "widget", include: ["tests/**/*.test.{ts,tsx}"], css: true },
});
