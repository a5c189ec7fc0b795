/** One-letter shortcuts, silent while somebody types. */
import { onBeforeUnmount, onMounted } from "vue";

export type Bindings = Record<string, (event: KeyboardEvent) => void>;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** A dialog or a menu has the keyboard to itself. */
const covered = (): boolean =>
  [...document.querySelectorAll(".el-overlay-dialog, .el-overlay-message-box, .el-image-viewer__wrapper")].some((box) =>
    box.checkVisibility(),
  );

export function useKeys(bindings: Bindings): void {
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const run = bindings[event.key];
    if (!run || covered() || (typing(event.target) && event.key !== "Escape")) return;
    run(event);
  };
  onMounted(() => document.addEventListener("keydown", press));
  onBeforeUnmount(() => document.removeEventListener("keydown", press));
}
