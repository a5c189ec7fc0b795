// @vitest-environment happy-dom
import { mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { CanSend, Delivery, Message, StepTold } from "../api/types";
import DeliveryMark from "../components/DeliveryMark.vue";
import MessageGroup from "../components/MessageGroup.vue";
import ReachLine from "../components/ReachLine.vue";
import Told from "../components/StepTold.vue";
import { speak } from "../i18n/words";
import { isOver, lineOf } from "../logic/reach";
import { isElsewhere } from "../logic/rows";
import { now } from "../state/clock";
import { thread } from "../state/thread";
import { message, row } from "./make";

const NOW = Date.UTC(2026, 10, 22, 9, 0);
const MINUTE = 60_000;
const at = (minutes: number): string => new Date(NOW + minutes * MINUTE).toISOString();
const reach = (given: Partial<CanSend> = {}): CanSend => ({ ok: true, why: "", until: null, left: null, how: "answer", instead: [], ...given });

beforeEach(() => {
  now.value = NOW;
  speak("en");
});
afterEach(() => {
  thread.canSend = null;
});

describe("the window's line", () => {
  it("is there only where there is a window", () => {
    expect([lineOf(null, NOW), lineOf(reach(), NOW), lineOf(reach({ ok: false, why: "over", how: "" }), NOW)]).toEqual([null, null, null]);
  });

  it("is stronger in the last hour and before the last message", () => {
    const urgent = (given: Partial<CanSend>): boolean => {
      const line = lineOf(reach(given), NOW);
      return line?.kind === "window" && line.urgent;
    };
    expect([urgent({ until: at(60), left: 2 }), urgent({ until: at(59), left: 2 }), urgent({ until: at(600), left: 1 })]).toEqual([false, true, true]);
    expect([urgent({ left: 2 }), urgent({ left: 1 }), urgent({ until: at(59) })]).toEqual([false, true, true]);
  });

  it("never says that no time is left while there is some", () => {
    expect(lineOf(reach({ until: at(0.2) }), NOW)).toMatchObject({ minutes: 1 });
    expect([isOver(reach({ until: at(0.2) }), NOW), isOver(reach({ until: at(0) }), NOW), isOver(reach(), NOW)]).toEqual([false, true, false]);
  });

  const said = (given: Partial<CanSend>): string => {
    thread.canSend = reach(given);
    const line = mount(ReachLine);
    const text = line.text();
    line.unmount();
    return text;
  };

  it("speaks English and Chinese", () => {
    const all = (): string[] => [
      said({ until: at(185), left: 2 }),
      said({ until: at(45), left: 1 }),
      said({ until: at(3000) }),
      said({ how: "template" }),
      said({ how: "person", until: at(60) }),
      said({}),
    ];
    expect(all()).toEqual([
      "Window closes in 3 h · 2 messages left",
      "Window closes in 45 min · 1 message left",
      "Window closes in 2 days",
      "Outside the window: goes out as a template",
      "Only people may answer now, until 22 Nov 10:00",
      "",
    ]);
    speak("zh");
    expect(all().slice(0, 4)).toEqual([
      "回复窗口将在 3 小时后关闭 · 还可发送 2 条",
      "回复窗口将在 45 分钟后关闭 · 还可发送 1 条",
      "回复窗口将在 2 天后关闭",
      "已超出回复时限：将以模板消息发出",
    ]);
  });
});

describe("how far a message has come", () => {
  const mark = (delivery: Delivery, error = "") => mount(DeliveryMark, { props: { message: message(1, { author: "staff", delivery, error }) } });

  it("is told to those who do not see it, and on hovering", () => {
    const names = (["queued", "sent", "delivered", "read"] as const).map((delivery) => {
      const image = mark(delivery).get("[role=img]");
      expect(image.attributes("title")).toBe(image.attributes("aria-label"));
      return image.attributes("aria-label");
    });
    expect(names).toEqual(["On its way", "Sent", "Delivered", "Read"]);
  });

  it("has one tick, two, and two in colour", () => {
    const ticks = (delivery: Delivery): number => (mark(delivery).get("path").attributes("d")?.match(/M/gi) ?? []).length;
    expect([ticks("sent"), ticks("delivered"), ticks("read")]).toEqual([1, 2, 2]);
    expect([mark("delivered").classes("read"), mark("read").classes("read")]).toEqual([false, true]);
  });

  it("is said in words where it has not left", () => {
    expect(mark("held").text()).toBe("Waits until the customer writes");
    expect(mark("quiet").text()).toBe("Waits for the end of the quiet hours");
    expect(mark("failed", "takeover").text()).toBe("Not delivered: cancelled by the takeover");
    expect(mark("failed", "unwanted").text()).toBe("Not delivered: the customer does not want this kind of message");
    speak("zh");
    expect(mark("held").text()).toBe("等客户来信后发出");
    expect(mark("read").attributes("aria-label")).toBe("已读");
  });

  it("is nothing for what needs no delivery", () => {
    expect(mark("").html()).toBe("<!--v-if-->");
  });
});

it("a step of an order says where it was told, and how", () => {
  const told = (given: Partial<StepTold>): string =>
    mount(Told, {
      props: { told: { conversation_id: 7, account: "wa", channel: "whatsapp", delivery: "held", error: "", template: false, ...given } },
      global: { stubs: { RouterLink: { template: "<a><slot /></a>" } } },
    }).text();
  expect(told({})).toBe("WhatsApp Waits until the customer writes");
  expect(told({ delivery: "sent", template: true })).toBe("WhatsAppby a template");
  expect(told({ delivery: "failed", error: "overtaken" })).toBe("WhatsApp Not delivered: a later step was told instead");
  speak("zh");
  expect(told({ channel: "wechat" })).toBe("微信 等客户来信后发出");
});

const group = (messages: Message[], author: Message["author"] = "customer", name = "") =>
  mount(MessageGroup, { props: { author, name, messages, customer: "Ann", sought: null } });

describe("a group of messages", () => {
  it("shows that the customer edited one", () => {
    expect(group([message(1, { text: "three", changed: "edited" })]).get("article").text()).toBe("threeedited");
  });

  it("says that one was deleted, in place of its words", () => {
    const bubble = group([message(1, { text: "", changed: "deleted" })]).get("article");
    expect([bubble.text(), bubble.classes("gone")]).toEqual(["The customer deleted this message", true]);
    const own = group([message(1, { author: "staff", text: "", changed: "deleted" })], "staff").get("article");
    expect(own.text()).toContain("A colleague took this message back");
  });

  it("says once that several wait, and what failed where it failed", () => {
    const shown = group(
      [
        message(1, { author: "bot", delivery: "failed", error: "no" }),
        message(2, { author: "bot", delivery: "held" }),
        message(3, { author: "bot", delivery: "held" }),
      ],
      "bot",
    );
    const bubbles = shown.findAll("article").map((one) => one.text());
    expect(bubbles).toEqual(["message 1 Not delivered: no", "message 2", "message 3 Waits until the customer writes"]);
    expect(shown.find("header [role=img]").exists()).toBe(false);
  });

  it("names the platform's app where nobody here wrote it", () => {
    expect(group([message(1, { author: "staff" })], "staff").get("header").text()).toContain("In the platform's app");
  });
});

it("a conversation is elsewhere until that time, and only while nobody here has it", () => {
  const until = at(60);
  expect(isElsewhere(row(1, { elsewhere_until: until }), NOW)).toBe(true);
  expect(isElsewhere(row(1, { elsewhere_until: until }), NOW + 61 * MINUTE)).toBe(false);
  expect(isElsewhere(row(1, { elsewhere_until: until, owner: { id: 1, name: "Mei" } }), NOW)).toBe(false);
  expect(isElsewhere(row(1), NOW)).toBe(false);
});
