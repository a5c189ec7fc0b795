/** Values for the tests, complete unless a test says otherwise. */
import type { Message, OrderRow, Person, ReviewRow, Row } from "../api/types";

export const minute = (n: number): string => new Date(Date.UTC(2026, 10, 22, 9, n)).toISOString();

export function row(id: number, given: Partial<Row> = {}): Row {
  return {
    id,
    name: `Customer ${id}`,
    account: "webchat",
    channel: "webchat",
    last_text: "Hello",
    last_author: "customer",
    last_at: minute(id),
    unread: 0,
    owner: null,
    waiting_since: null,
    elsewhere_until: null,
    reason: "",
    priority: 0,
    attention: "",
    closed: false,
    contact_id: id,
    continues_in: null,
    version: 1,
    ...given,
  };
}

export function message(seq: number, given: Partial<Message> = {}): Message {
  return {
    seq,
    id: "",
    author: "customer",
    name: "",
    at: minute(seq),
    text: `message ${seq}`,
    buttons: [],
    cards: [],
    summary: null,
    files: [],
    input: "",
    delivery: "",
    error: "",
    changed: "",
    was: "",
    ...given,
  };
}

export function order(id: number, given: Partial<OrderRow> = {}): OrderRow {
  return {
    id,
    number: `A-${id}`,
    state: "paid",
    total: { amount: 6800, currency: "CNY", text: "¥68.00" },
    created_at: minute(id),
    contact_id: 1,
    name: "Ann",
    account: "webchat",
    channel: "webchat",
    conversation_id: 1,
    paid_at: "2026-11-22T09:00:00+00:00",
    refunded: null,
    lines: [],
    steps: [
      { name: "pack", role: "agent", why: false },
      { name: "cancel", role: "agent", why: true },
      { name: "refund", role: "manager", why: true },
    ],
    ...given,
  };
}

export function review(id: number, given: Partial<ReviewRow> = {}): ReviewRow {
  return {
    id,
    stars: 5,
    text: "Good",
    state: "pending",
    created_at: minute(id),
    display_name: "Ann L.",
    contact_id: 1,
    order: null,
    product: null,
    photos: [],
    conversation_id: 1,
    store: "",
    ...given,
  };
}

export function person(given: Partial<Person> = {}): Person {
  return {
    id: 1,
    name: "Ann",
    phone: "",
    email: "",
    locale: "en",
    created_at: minute(0),
    timezone: "",
    members: [1],
    identities: [],
    proofs: [],
    orders: [],
    reviews: [],
    files: [],
    conversations: [],
    totals: { orders: 0, spent: null, reviews: 0 },
    ...given,
  };
}
