/** What an order costs by its goods: the table that the server's tests read, too. */
import { expect, it } from "vitest";

import { total } from "../logic/cost";
import rows from "./cost.json";

it.each(rows)("reckons as the server does: $what", ({ totals, ...cost }) => {
  expect(totals.map(([goods]) => [goods, total(cost, goods!)])).toEqual(totals);
});
