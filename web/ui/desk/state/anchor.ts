/** Keeps what is being read where it is on the screen while rows come and go around it. */
import { nextTick } from "vue";

/** Runs `change`; the first row in view (any element with `data-seq`) stays at its height. */
export async function steady(pane: HTMLElement, change: () => Promise<void>): Promise<void> {
  const top = pane.getBoundingClientRect().top;
  const rows = [...pane.querySelectorAll<HTMLElement>("[data-seq]")];
  const seen = rows.find((row) => row.getBoundingClientRect().bottom > top);
  const seq = seen?.dataset["seq"];
  const was = seen?.getBoundingClientRect().top ?? 0;
  await change();
  await nextTick();
  const now = seq === undefined ? null : pane.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
  if (now) pane.scrollTop += now.getBoundingClientRect().top - was;
}
