/** What changes at a person who is on the screen. */
import type { OrderRow, Person, ReviewRow } from "../api/types";
import { withRow } from "./list";

/** With an order as it is now; orders name one of the contacts that are this person. */
export function withOrder(person: Person, order: OrderRow): Person {
  return person.members.includes(order.contact_id) ? { ...person, orders: withRow(person.orders, order) } : person;
}

/** With a review as it is now. */
export function withReview(person: Person, review: ReviewRow): Person {
  const isTheirs = review.contact_id !== null && person.members.includes(review.contact_id);
  return isTheirs ? { ...person, reviews: withRow(person.reviews, review) } : person;
}
