// @vitest-environment happy-dom
import { flushPromises, mount } from "@vue/test-utils";
import { expect, it } from "vitest";

import EraseDialog from "../components/EraseDialog.vue";
import PersonEdit from "../components/PersonEdit.vue";
import { withOrder } from "../logic/person";
import { order, person } from "./make";
import { TestServer } from "./server";

it("an order of any of a person's contacts takes its step on the screen, and nobody else's comes in", () => {
  const ann = person({ members: [1, 2], orders: [order(5, { contact_id: 2, state: "paid" })] });
  expect(withOrder(ann, order(5, { contact_id: 2, state: "preparing" })).orders.map((one) => one.state)).toEqual(["preparing"]);
  expect(withOrder(ann, order(6, { contact_id: 3 }))).toBe(ann);
});

it("the question before an erasure names every address that goes", async () => {
  const known = { reachable: true, conversation_id: null, consents: [] };
  const ann = person({
    identities: [
      { ...known, id: 1, account: "webchat", channel: "Web chat", external_id: "v1", name: "" },
      { ...known, id: 2, account: "telegram", channel: "Telegram", external_id: "7", name: "Annie" },
    ],
  });
  mount(EraseDialog, { props: { modelValue: true, person: ann }, attachTo: document.body });
  await flushPromises();
  expect(document.body.textContent).toContain("These addresses go: Web chat (v1), Telegram (Annie)");
});

it("what somebody without a name is called does not become their name", async () => {
  const ann = person({ id: 7, name: "Visitor 941b", phone: "" });
  const sent: unknown[] = [];
  new TestServer().on("PUT /api/desk/contacts/7", (body) => (sent.push(body), ann));
  const shown = mount(PersonEdit, { props: { modelValue: false, person: ann }, attachTo: document.body, global: { stubs: { ElSelect: true } } });
  await shown.setProps({ modelValue: true });
  await flushPromises();
  const phone = document.querySelector<HTMLInputElement>('form input[type="tel"]')!;
  phone.value = "555 0100";
  phone.dispatchEvent(new Event("input"));
  phone.form!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(sent).toEqual([{ phone: "555 0100" }]);
});
