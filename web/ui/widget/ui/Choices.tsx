// The buttons under a question: chips, a list when there is much to say, stars for a rating.

import { useRef, useState } from "preact/hooks";
import type { Button } from "../protocol";
import { starButtons, type Entry } from "../thread";
import { useBox } from "./context";
import { Icon, Star } from "./icons";

const LIST_FROM = 6;
const LONG_LABEL = 26;

export function Choices({ entry }: { entry: Entry }) {
  const { buttons, input } = entry.message;
  if (input !== "stars") return <Chips buttons={buttons} answer={entry.answer} />;
  const { stars, others } = starButtons(buttons);
  return (
    <>
      {stars.length > 0 && <Stars stars={stars} answer={entry.answer} />}
      <Chips buttons={others} answer={entry.answer} />
    </>
  );
}

interface ChipsProps {
  buttons: readonly Button[];
  /** `null` while these can be tapped, else the label that was chosen. */
  answer: string | null;
  /** What the buttons are about, where their labels do not say it: read beside the label in the conversation. */
  about?: string;
}

export function Chips({ buttons, answer, about }: ChipsProps) {
  if (buttons.length === 0) return null;
  const asList = buttons.length > LIST_FROM || buttons.some((button) => columns(button.label) > LONG_LABEL);
  return (
    <div class={asList ? "choices list" : "choices"} role="group">
      {buttons.map((button) => (
        <Chip key={button.data || button.label} button={button} answer={answer} about={about} />
      ))}
    </div>
  );
}

function Chip({ button, answer, about }: { button: Button; answer: string | null; about: string | undefined }) {
  const { chat, say, address } = useBox();
  const href = button.url && address(button.url);
  if (button.state) {
    return (
      <span class={button.state === "done" ? "chip chosen" : "chip faded"}>
        {`${button.label} · ${say(button.state)}`}
        {button.state === "done" && <Icon name="check" />}
      </span>
    );
  }
  if (href) {
    return (
      <a class={`chip ${button.style}`} href={href} target="_blank" rel="noopener">
        <span dir="auto">{button.label}</span>
        <Icon name="out" />
        <span class="sr">{say("opensNewTab")}</span>
      </a>
    );
  }
  const chosen = answer === button.label;
  const state = answer === null ? "" : chosen ? "chosen" : "faded";
  return (
    <button
      type="button"
      class={`chip ${button.style} ${state}`}
      aria-disabled={answer !== null}
      aria-pressed={chosen || undefined}
      onClick={() => answer === null && chat.tap(about ? `${button.label} · ${about}` : button.label, button.data)}
    >
      <span dir="auto">{button.label}</span>
      {chosen && <Icon name="check" />}
    </button>
  );
}

interface StarsProps {
  stars: readonly { value: number; button: Button }[];
  answer: string | null;
}

function Stars({ stars, answer }: StarsProps) {
  const { chat, say } = useBox();
  const group = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState(0);
  const chosen = stars.find((star) => star.button.label === answer)?.value ?? 0;
  const open = answer === null;
  const lit = open ? pointed : chosen;
  const move = (event: KeyboardEvent, value: number): void => {
    const step = steps[event.key];
    if (!step || !open) return;
    event.preventDefault();
    const goal = Math.min(stars.length, Math.max(1, value + step * forwards(group.current, event.key)));
    group.current?.querySelectorAll("button")[goal - 1]?.focus();
  };
  return (
    <div class={open ? "stars" : "stars done"} role="radiogroup" aria-label={say("rating")} ref={group} onMouseLeave={() => setPointed(0)}>
      {stars.map(({ value, button }) => (
        <button
          key={value}
          type="button"
          role="radio"
          class={value <= lit ? "lit" : ""}
          aria-checked={value === chosen}
          aria-disabled={!open}
          aria-label={say("stars", { count: value })}
          tabIndex={value === (chosen || 1) || value === pointed ? 0 : -1}
          onPointerMove={(event) => moved(event) && setPointed(value)}
          onFocus={() => setPointed(value)}
          onBlur={() => setPointed(0)}
          onKeyDown={(event) => move(event, value)}
          onClick={() => open && chat.tap(button.label, button.data)}
        >
          <Star />
        </button>
      ))}
    </div>
  );
}

/** A Chinese character is as wide as two letters. */
function columns(label: string): number {
  return label.replace(/[^\x00-\u02ff]/g, "xx").length;
}

/** A mouse that really moves: stars that appear below a resting pointer stay empty. */
function moved(event: PointerEvent): boolean {
  return event.pointerType === "mouse" && (event.movementX !== 0 || event.movementY !== 0);
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** Left and right change places where one reads from right to left. */
function forwards(group: Element | null, key: string): number {
  const mirrored = group !== null && getComputedStyle(group).direction === "rtl";
  return mirrored && (key === "ArrowLeft" || key === "ArrowRight") ? -1 : 1;
}
