/** A person over time: everything that happened, newest first, and the files as they come in. */
import type { Message, OrderRow, Person, PersonFile, ReviewRow, Row } from "../api/types";

export type Moment =
  | { kind: "order"; at: string; order: OrderRow }
  | { kind: "review"; at: string; review: ReviewRow }
  | { kind: "file"; at: string; file: PersonFile }
  | { kind: "conversation"; at: string; row: Row }
  | { kind: "created"; at: string };

export function timeline(person: Person): Moment[] {
  const moments: Moment[] = [
    ...person.orders.map((order) => ({ kind: "order", at: order.created_at, order }) as const),
    ...person.reviews.map((review) => ({ kind: "review", at: review.created_at, review }) as const),
    ...person.files.map((file) => ({ kind: "file", at: file.at, file }) as const),
    ...person.conversations.map((row) => ({ kind: "conversation", at: row.last_at, row }) as const),
    { kind: "created", at: person.created_at },
  ];
  return moments.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** The person with the files of these messages, new ones first; a note's files are the staff's own. */
export function withFiles(person: Person, conversation: number, messages: readonly Message[]): Person {
  const files = messages
    .filter((message) => message.author !== "note")
    .flatMap(({ at, seq, author, name, files }) =>
      files.map((file) => ({ ...file, at, seq, conversation_id: conversation, author, sender: name })),
    );
  if (files.length === 0) return person;
  const fresh = new Set(files.map((file) => file.id));
  return { ...person, files: [...files.reverse(), ...person.files.filter((file) => !fresh.has(file.id))] };
}
