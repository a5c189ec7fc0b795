// Products in a row that scrolls sideways, and the cart or order with its total.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Card, Message, Summary } from "../protocol";
import { Chips } from "./Choices";
import { useBox } from "./context";
import { Picture } from "./Files";
import { Icon } from "./icons";

const EDGE = 12;

export function Cards({ message }: { message: Message }) {
  const { say } = useBox();
  const row = useRef<HTMLUListElement>(null);
  const pictured = message.cards.some((card) => card.image);
  const [end, setEnd] = useState({ before: false, after: true });
  const onScroll = (): void => {
    const element = row.current;
    if (!element) return;
    const at = Math.abs(element.scrollLeft);
    setEnd({ before: at > EDGE, after: at + element.clientWidth < element.scrollWidth - EDGE });
  };
  useEffect(onScroll, [message.cards.length]);
  const scroll = (direction: 1 | -1): void => {
    const element = row.current;
    if (!element) return;
    const mirror = getComputedStyle(element).direction === "rtl" ? -1 : 1;
    element.scrollBy({ left: direction * mirror * element.clientWidth * 0.8, behavior: calm() ? "auto" : "smooth" });
  };
  return (
    <div class={message.cards.length > 1 ? "shelf" : "shelf single"}>
      <ul class="cards" ref={row} onScroll={onScroll} tabIndex={0} aria-label={say("products")} role="list">
        {message.cards.map((card, index) => (
          <ProductCard key={`${card.title} ${index}`} card={card} pictured={pictured} message={message} />
        ))}
      </ul>
      {message.cards.length > 1 && (
        <div class={pictured ? "turn pictured" : "turn"} aria-hidden="true">
          <button type="button" tabIndex={-1} hidden={!end.before} title={say("previous")} onClick={() => scroll(-1)}>
            <Icon name="left" />
          </button>
          <button type="button" tabIndex={-1} hidden={!end.after} title={say("next")} onClick={() => scroll(1)}>
            <Icon name="right" />
          </button>
        </div>
      )}
    </div>
  );
}

function ProductCard({ card, pictured, message }: { card: Card; pictured: boolean; message: Message }) {
  return (
    <li class="card">
      {pictured && <div class="cover">{card.image ? <Picture file={card.image} seq={message.seq} alt="" /> : <Icon name="leaf" />}</div>}
      <div class="about">
        <strong dir="auto">{card.title}</strong>
        {card.text && <p dir="auto">{card.text}</p>}
        {card.price && <b class="price">{card.price}</b>}
      </div>
      <Chips buttons={card.buttons} answer={null} about={card.title} />
    </li>
  );
}

export function SummaryCard({ summary }: { summary: Summary }) {
  const { say } = useBox();
  return (
    <table class="summary">
      {summary.title && <caption dir="auto">{summary.title}</caption>}
      <tbody>
        {summary.lines.map((line, index) => (
          <tr key={index}>
            <td dir="auto">{line.label}</td>
            <td>{line.amount}</td>
          </tr>
        ))}
      </tbody>
      {summary.total && (
        <tfoot>
          <tr>
            <th scope="row">{say("total")}</th>
            <td>{summary.total}</td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
