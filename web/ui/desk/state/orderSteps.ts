/** One step of an order, told about after. */
import * as calls from "../api/calls";
import type { Doing, OrderRow, OrderStep } from "../api/types";
import { t, tState } from "../i18n/words";
import { done, tell } from "./toasts";

/** The changed order; null when the server refused. */
export async function takeStep(order: OrderRow, step: OrderStep, doing: Doing): Promise<OrderRow | null> {
  try {
    const changed = (await calls.orderStep(order.id, step, doing)).order;
    done(t("order.done", { number: changed.number, state: tState("order.state", changed.state) }));
    return changed;
  } catch (error) {
    tell(error);
    return null;
  }
}
