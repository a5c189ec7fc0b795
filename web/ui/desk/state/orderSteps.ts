/** One step of an order, asked about first, told about after. */
import { ElMessageBox } from "element-plus";

import * as calls from "../api/calls";
import type { OrderRow, OrderStep } from "../api/types";
import { t, tState } from "../i18n/words";
import { done, tell } from "./toasts";

/** The changed order; null when the reader thought better of it or the server refused. */
export async function takeStep(order: OrderRow, step: OrderStep): Promise<OrderRow | null> {
  const note = await ask(order, step);
  if (note === null) return null;
  try {
    const changed = (await calls.orderStep(order.id, step, note)).order;
    done(t("order.done", { number: changed.number, state: tState("order.state", changed.state) }));
    return changed;
  } catch (error) {
    tell(error);
    return null;
  }
}

async function ask(order: OrderRow, step: OrderStep): Promise<string | null> {
  const question = t(`order.confirm.${step}`, { number: order.number, total: order.total.text });
  try {
    const answer: unknown = await ElMessageBox.prompt(question, t(`order.step.${step}`), {
      inputPlaceholder: `${t("order.note")} (${t("common.optional")})`,
      confirmButtonText: t(`order.step.${step}`),
      cancelButtonText: t("common.back"),
      confirmButtonClass: step === "refund" || step === "cancel" ? "el-button--danger" : "",
    });
    return (answer as { value: string | null }).value ?? "";
  } catch {
    return null;
  }
}
