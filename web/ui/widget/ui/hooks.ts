// Small pieces of behaviour that several parts of the box share.

import { useEffect, useLayoutEffect, useRef, useState, type MutableRef } from "preact/hooks";

/** The box fills the screen here; the same condition as in panel.css. */
export const FULL_SCREEN = "(max-width: 520px), (max-height: 460px)";

/** True once `condition` has held for `delay` milliseconds: short troubles are not worth a word. */
export function useLasting(condition: boolean, delay: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!condition) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), delay);
    return () => clearTimeout(timer);
  }, [condition, delay]);
  return condition && lasting;
}

/** Redraws when the watched thing says that it changed. */
export function useWatched(watch: (listener: () => void) => () => void): void {
  const [, redraw] = useState(0);
  useLayoutEffect(() => watch(() => redraw((count) => count + 1)), []);
}

const NEAR_BOTTOM = 48;
const NEAR_TOP = 240;

export interface Scroll {
  list: MutableRef<HTMLDivElement | null>;
  /** The reader is at the newest message. */
  atBottom: boolean;
  onScroll: () => void;
  toBottom: () => void;
}

/**
 * Keeps the newest message in view while the reader is there, and what is being read in place otherwise.
 * `first` names the first message, `own` counts the reader's own (sending one scrolls down).
 */
export function useScroll(first: string, own: number, onTop: () => void): Scroll {
  const list = useRef<HTMLDivElement>(null);
  const memory = useRef({ stuck: true, height: 0, first, own });
  const [atBottom, setAtBottom] = useState(true);

  const toBottom = (): void => {
    memory.current.stuck = true;
    setAtBottom(true);
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  };

  const onScroll = (): void => {
    const element = list.current;
    if (!element) return;
    const stuck = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_BOTTOM;
    memory.current.stuck = stuck;
    setAtBottom(stuck);
    if (element.scrollTop < NEAR_TOP) onTop();
  };

  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const was = memory.current;
    if (own > was.own || was.stuck) toBottom();
    else if (first !== was.first) element.scrollTop += element.scrollHeight - was.height;
    memory.current = { stuck: memory.current.stuck, height: element.scrollHeight, first, own };
  });

  useEffect(() => {
    const element = list.current;
    if (!element?.firstElementChild || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      if (memory.current.stuck) element.scrollTop = element.scrollHeight;
      memory.current.height = element.scrollHeight;
    });
    observer.observe(element);
    observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);

  return { list, atBottom, onScroll, toBottom };
}
