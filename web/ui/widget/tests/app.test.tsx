// @vitest-environment happy-dom
import { fireEvent } from "@testing-library/preact";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "../chat";
import type { FormField } from "../protocol";
import { Draft } from "../draft";
import { Keep } from "../keep";
import { App } from "../ui/App";
import { UploadFailed, Uploads } from "../uploads";
import { attachment, button } from "./messages";
import { Server, settle, SharedStorage } from "./server";

const ADDRESS = "https://shop.example";
let server: Server;
let root: HTMLElement;
let chat: Chat;
let uploads: Uploads;

beforeEach(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  server = new Server();
  let count = 0;
  const newId = (): string => `id-${(count += 1)}`;
  const keep = new Keep(ADDRESS, new SharedStorage().shelf({}));
  chat = new Chat({ connect: server.connect, keep, lang: "en", name: "Leaf", newId, now: Date.now });
  uploads = new Uploads({
    post: (file) => (file.name === "bad" ? Promise.reject(new UploadFailed("Not this one.", false)) : Promise.resolve(attachment(5, { name: file.name }))),
    credential: () => chat.credential(),
    preview: () => "",
    release: () => undefined,
    newId,
  });
  root = document.body.appendChild(document.createElement("div"));
  const setOpen = (open: boolean): void => chat.show(open);
  const app = <App {...{ chat, uploads, setOpen }} draft={new Draft(keep)} server={ADDRESS} inline={false} direction="ltr" asked={() => true} />;
  render(app, root);
  await drawn();
});
afterEach(() => {
  render(null, root);
  root.remove();
});

/** State changes are drawn in a microtask, effects after a frame. */
async function drawn(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    await settle();
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => setTimeout(resolve));
  }
}

const all = <T extends Element = HTMLElement>(selector: string): T[] => [...root.querySelectorAll<T>(selector)];
const one = <T extends Element = HTMLElement>(selector: string): T => {
  const found = all<T>(selector);
  expect(found, selector).toHaveLength(1);
  return found[0] as T;
};
const field = (): HTMLTextAreaElement => one<HTMLTextAreaElement>("textarea");
const bubbles = (): (string | null)[] => all(".bubble .text").map((element) => element.textContent);
const chips = (): HTMLElement[] => all(".chip");

async function open(): Promise<void> {
  fireEvent.click(one(".launcher"));
  await drawn();
}

async function type(text: string): Promise<void> {
  fireEvent.input(field(), { target: { value: text } });
  await drawn();
}

async function press(key: string, fields: object = {}): Promise<void> {
  fireEvent.keyDown(field(), { key, ...fields });
  await drawn();
}

it("opens when it is told to before the first frame is drawn", async () => {
  render(null, root);
  const app = <App {...{ chat, uploads }} draft={new Draft(new Keep(ADDRESS, null))} setOpen={() => undefined} server={ADDRESS} inline={false} direction="ltr" asked={() => false} />;
  render(app, root);
  chat.show(true);
  await settle();
  expect(all(".panel")).toHaveLength(1);
});

describe("writing", () => {
  it("sends with Enter, and the answer appears below", async () => {
    await open();
    await type("  hello  ");
    await press("Enter");
    expect(server.received.map((message) => message.text)).toEqual(["hello"]);
    expect(field().value).toBe("");
    server.publish({ text: "Welcome" });
    await drawn();
    expect(bubbles()).toEqual(["hello", "Welcome"]);
  });

  it("does not send with Shift+Enter, nor while an input method composes, nor what is empty", async () => {
    await open();
    await type("ni hao");
    await press("Enter", { shiftKey: true });
    await press("Enter", { isComposing: true });
    await press("Enter", { keyCode: 229 });
    await type("   ");
    await press("Enter");
    expect(server.received).toEqual([]);
  });

  it("says how much is too long and does not send it", async () => {
    await open();
    await type("a".repeat(4_003));
    await press("Enter");
    expect(server.received).toEqual([]);
    expect(one(".notes").textContent).toBe("3 characters too many. Please send two messages.");
    expect(one<HTMLButtonElement>(".send").disabled).toBe(true);
  });

  it("keeps the half-written message when the box is closed", async () => {
    await open();
    await type("half a thou");
    await press("Escape");
    expect(all(".panel")).toEqual([]);
    await open();
    expect(field().value).toBe("half a thou");
  });

  it("offers to try again what was refused", async () => {
    await open();
    server.refusals = [{ code: "bad", text: "The shop is closed." }];
    await type("hello");
    await press("Enter");
    expect(one(".entry .problem span").textContent).toBe("Not sent. The shop is closed.");
    fireEvent.click(one(".entry .problem button:first-of-type"));
    await drawn();
    expect(all(".entry .problem")).toEqual([]);
    expect(server.messages.map((message) => message.text)).toEqual(["hello"]);
  });
});

describe("what is shown", () => {
  it("is only ever text: markup stays markup's letters", async () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    server.publish({ author: "staff", name: evil, text: evil, buttons: [button(evil, "x")], files: [attachment(1, { name: evil })] });
    server.publish({ cards: [{ title: evil, text: evil, price: evil, image: null, buttons: [] }], summary: { title: evil, lines: [{ label: evil, amount: evil }], total: evil } });
    await open();
    expect(all("img, script")).toEqual([]);
    expect(bubbles()).toEqual([evil, "message 2"]);
    expect(one(".card strong").textContent).toBe(evil);
  });

  it("never links to what could run in the page", async () => {
    server.publish({ buttons: [button("Pay", "", { url: "javascript:alert(1)" }), button("Shop", "", { url: "/shop" })], files: [attachment(1, { url: "javascript:alert(1)" })] });
    await open();
    const links = all<HTMLAnchorElement>("a");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([`${ADDRESS}/shop`]);
    expect(links[0]?.getAttribute("rel")).toBe("noopener");
    expect(links[0]?.getAttribute("target")).toBe("_blank");
  });

  it("counts what was not read on the launcher, until the box is opened", async () => {
    chat.connect();
    server.publish({});
    server.publish({ author: "customer", id: "me" });
    server.publish({});
    await drawn();
    expect(one(".badge").textContent).toBe("2");
    expect(one(".launcher").getAttribute("aria-label")).toBe("Open chat, 2 unread");
    await open();
    expect(all(".badge")).toEqual([]);
    expect(server.lines[0]?.reads).toEqual([3]);
  });

  it("names the person who took over, and changes its language at once", async () => {
    await open();
    server.lines[0]?.listener.owner({ name: "Mei" });
    await drawn();
    expect(one(".banner.owner").textContent).toContain("You are talking to Mei");
    fireEvent.click(one("[aria-haspopup=menu]"));
    await drawn();
    fireEvent.click(one("[role=menuitemradio][lang=zh-CN]"));
    await drawn();
    expect(one(".banner.owner").textContent).toContain("Mei 正在为您服务");
    expect(one(".root").lang).toBe("zh-CN");
    expect(server.asked).toContain("lang zh");
  });
});

describe("going on in another app", () => {
  const way = {
    ok: true as const,
    link: "https://t.me/shop?start=link-1",
    typed: "/link K7MW-2FPQ",
    minutes: 10,
    qr: { size: 29, path: "M4 4h7v1h-7z" },
    words: { open: "Open Telegram", show: "Show a code", scan: "Scan this", care: "Only for you", type: "Or write", good: "Ten minutes" },
  };

  async function choose(): Promise<void> {
    server.apps = [{ account: "telegram", name: "Telegram" }];
    await open();
    fireEvent.click(one("[aria-haspopup=menu]"));
    await drawn();
    fireEvent.click(one("[role=menuitem]"));
    await drawn();
  }

  it("shows a code to scan beside the link, and on a phone the link first", async () => {
    server.way = way;
    await choose();
    expect(one<SVGElement>(".goon [role=img] path").getAttribute("d")).toBe(way.qr.path);
    expect(one<HTMLAnchorElement>(".goon a").href).toBe(way.link);
    expect(one(".goon code").textContent).toBe(way.typed);
    fireEvent.click(one(".goon .round"));
    await drawn();
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
    fireEvent.click(one("[aria-haspopup=menu]"));
    await drawn();
    fireEvent.click(one("[role=menuitem]"));
    await drawn();
    expect(all(".goon [role=img]")).toHaveLength(0);
    fireEvent.click(one(".goon .plain"));
    await drawn();
    one(".goon [role=img]");
  });

  it("says why it is not possible", async () => {
    await choose();
    expect(one(".goon [role=alert]").textContent).toBe("This channel is not switched on.");
  });

  it("says that the shop was not reached, and tries again", async () => {
    server.way = null;
    await choose();
    expect(one(".goon [role=alert]").textContent).toBe("The shop could not be reached.");
    server.way = new Promise(() => undefined);
    fireEvent.click(one(".goon .plain"));
    await drawn();
    expect(one(".goon [role=alert]").textContent).toBe("Connecting…");
    expect(all(".goon .plain")).toHaveLength(0);
  });

  it("fetches a new code when the time of the old one is over", async () => {
    server.way = way;
    await choose();
    const set = vi.spyOn(globalThis, "setTimeout");
    fireEvent.click(one(".goon .round"));
    await drawn();
    fireEvent.click(one("[aria-haspopup=menu]"));
    await drawn();
    fireEvent.click(one("[role=menuitem]"));
    await drawn();
    server.way = { ...way, typed: "/link ABCD-2345" };
    const [again] = set.mock.calls.find(([, after]) => after === 600_000)!;
    (again as () => void)();
    await drawn();
    expect(one(".goon code").textContent).toBe("/link ABCD-2345");
  });

  it("tells where the talk goes on until the visitor writes", async () => {
    await open();
    server.lines[0]!.listener.continues("Telegram");
    await drawn();
    expect(one(".banner.owner").textContent).toContain("Goes on in Telegram");
    await type("here again");
    fireEvent.keyDown(field(), { key: "Enter" });
    await drawn();
    expect(all(".banner.owner")).toHaveLength(0);
  });
});

describe("buttons", () => {
  it("send what they carry, stay when chosen, and are stale afterwards", async () => {
    server.publish({ buttons: [button("Browse", "browse"), button("Orders", "orders")] });
    await open();
    fireEvent.click(chips()[1]!);
    await drawn();
    expect(server.received).toMatchObject([{ text: "Orders", data: "orders" }]);
    expect(chips().map((chip) => [chip.className.includes("chosen"), chip.getAttribute("aria-disabled")])).toEqual([
      [false, "true"],
      [true, "true"],
    ]);
    fireEvent.click(chips()[0]!);
    await drawn();
    expect(server.received).toHaveLength(1);
  });

  it("of cards and links stay usable", async () => {
    server.publish({ cards: [{ title: "Longjing", text: "", price: "¥68.00", image: null, buttons: [button("Add", "add:1")] }], buttons: [button("Pay", "", { url: "/pay/1" })] });
    server.publish({ author: "customer", id: "me", text: "later" });
    await open();
    fireEvent.click(one(".card button"));
    await drawn();
    expect(server.received).toMatchObject([{ data: "add:1", text: "Add · Longjing" }]); // "Add" alone would not say what
    expect(one("a.chip").getAttribute("aria-disabled")).toBeNull();
  });

  it("of a payment that was made, or is not wanted any more, invite nobody", async () => {
    const link = (state: "" | "done" | "over") => button(`Pay ${state}`, "", { url: "/pay/1", style: "primary", state });
    server.publish({ buttons: [link(""), link("done"), link("over")] });
    await open();
    expect(all("a.chip").map((chip) => chip.querySelector("span")?.textContent)).toEqual(["Pay "]);
    expect(chips().filter((chip) => chip.tagName !== "A").map((chip) => chip.textContent)).toEqual(["Pay done · paid", "Pay over · no longer open"]);
    expect(all("button.chip")).toEqual([]);
  });

  it("of a payment that can be scanned have the picture, until it is paid", async () => {
    const link = button("Pay ¥68.00", "", { url: `${ADDRESS}/checkout/k1`, scans: true });
    const until = new Date(Date.now() + 60_000).toISOString();
    const told = { ok: true as const, title: "¥68.00", text: "Until {time}.", until, seconds: 7200 };
    const shown = () => one("[role=img] path").getAttribute("d");
    server.payCode = { ...told, qr: { size: 37, path: "M4 4h7v1h-7z" } };
    const set = vi.spyOn(globalThis, "setTimeout");
    server.publish({ text: "an older one", buttons: [{ ...link, url: `${ADDRESS}/checkout/k0` }] });
    const offer = server.publish({ buttons: [link] });
    await open();
    expect(server.asked.filter((one) => one.startsWith("pay"))).toEqual([`pay code ${link.url}`]);
    expect(shown()).toBe("M4 4h7v1h-7z");
    expect(one(".card .about").textContent).toMatch(/^¥68.00Until \d\d:\d\d.$/);
    const after = async (seconds: number) => {
      (set.mock.calls.findLast(([, wait]) => wait === seconds * 1000)![0] as () => void)();
      await drawn();
    };
    server.payCode = null; // it stays while nobody answers, or only that it is too much, and is asked for again
    await after(7200);
    expect(shown()).toBe("M4 4h7v1h-7z");
    server.payCode = { ok: false, error: { code: "rate_limited", text: "" } };
    await after(30);
    expect(shown()).toBe("M4 4h7v1h-7z");
    server.payCode = { ...told, qr: { size: 37, path: "M5 5h7v1h-7z" } };
    await after(30);
    expect(shown()).toBe("M5 5h7v1h-7z");
    server.payCode = { ...told, qr: null };
    server.lines[0]?.listener.update({ ...offer, buttons: [{ ...link, state: "done", scans: false }] });
    await drawn();
    expect(all("[role=img]")).toEqual([]); // the older one has no picture, and keeps its link
    expect(chips().map((chip) => chip.textContent)).toEqual(["Pay ¥68.00opens in a new tab", "Pay ¥68.00 · paid"]);
  });

  it("of a rating are stars: one radio group, arrow keys move, a tap sends", async () => {
    const stars = [1, 2, 3, 4, 5].map((count) => button(`${count} ★`, `rate:${count}`));
    server.publish({ input: "stars", buttons: [...stars, button("Skip", "skip")] });
    await open();
    const radios = all("[role=radio]");
    expect(radios.map((radio) => radio.getAttribute("aria-label"))).toEqual(["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]);
    expect(chips().map((chip) => chip.textContent)).toEqual(["Skip"]);
    radios[2]?.focus();
    fireEvent.keyDown(radios[2]!, { key: "ArrowRight" });
    expect(document.activeElement).toBe(radios[3]);
    fireEvent.click(radios[3]!);
    await drawn();
    expect(server.received).toMatchObject([{ data: "rate:4" }]);
    expect(all("[role=radio]").map((radio) => radio.getAttribute("aria-checked"))).toEqual(["false", "false", "false", "true", "false"]);
  });
});

describe("files", () => {
  const drop = (...names: string[]) =>
    fireEvent.drop(one(".panel"), { dataTransfer: { types: ["Files"], files: names.map((name) => new File(["x"], name)) } });

  it("that are dropped are stored first and sent with the message", async () => {
    await open();
    drop("list.txt");
    await drawn();
    expect(one(".staged").className).toContain("stored");
    await type("Here");
    fireEvent.submit(one("form"));
    await drawn();
    expect(server.received).toMatchObject([{ text: "Here", files: [5] }]);
    expect(all(".staged")).toEqual([]);
  });

  it("that could not be stored hold the message back and say why", async () => {
    await open();
    drop("bad");
    await drawn();
    fireEvent.submit(one("form"));
    await drawn();
    expect(server.received).toEqual([]);
    expect(one(".staged").textContent).toContain("Not this one.");
    fireEvent.click(one(".staged .off"));
    await drawn();
    expect(uploads.list).toEqual([]);
  });

  it("that are sent take with them what was said of those that could not be", async () => {
    await open();
    const files = [new File([], "empty.txt"), new File(["x"], "list.txt")];
    fireEvent.drop(one(".panel"), { dataTransfer: { types: ["Files"], files } });
    await drawn();
    expect(one(".notes .problem").textContent).toBe("“empty.txt” is empty.");
    fireEvent.submit(one("form"));
    await drawn();
    expect([server.received.length, all(".notes .problem")]).toEqual([1, []]);
  });

  it("that are too large never start, with a sentence that says so", async () => {
    await open();
    const large = Object.defineProperty(new File(["x"], "film.mov"), "size", { value: 30 << 20 });
    fireEvent.drop(one(".panel"), { dataTransfer: { types: ["Files"], files: [large] } });
    await drawn();
    expect(uploads.list).toEqual([]);
    expect(one(".notes .problem").textContent).toBe("“film.mov” is 30 MB. Up to 20 MB works here.");
  });
});

describe("a form", () => {
  const field = (name: string, fields: Partial<FormField> = {}): FormField => ({
    name, label: name, fills: "off", value: "", problem: "", required: true, example: "", options: [], ...fields,
  });
  const input = (name: string): HTMLInputElement => one<HTMLInputElement>(`.form [name=${name}]`);
  const submit = async (): Promise<void> => {
    fireEvent.submit(one(".form"));
    await drawn();
  };

  it("is sent as lines, and is gone once it is answered", async () => {
    await open();
    const fields = [field("Name", { fills: "name" }), field("State", { options: ["Ohio", "Utah"] }), field("Suburb", { required: false })];
    server.publish({ text: "Where to?", input: "text", form: fields });
    await drawn();
    expect(["Name", "State", "Suburb"].map((name) => [input(name).getAttribute("autocomplete"), input(name).required])).toEqual([
      ["name", true],
      ["off", true],
      ["off", false],
    ]);
    fireEvent.input(input("Name"), { target: { value: " Ann " } });
    fireEvent.change(input("State"), { target: { value: "Utah" } });
    await submit();
    expect(server.received.map((message) => message.text)).toEqual(["Name:  Ann \nState: Utah\nSuburb: "]);
    expect(all(".form")).toEqual([]);
  });

  it("is one form when it is put again, with what was typed", async () => {
    await open();
    server.publish({ text: "Where to?", form: [field("Name", { value: "A" })] });
    await drawn();
    fireEvent.input(input("Name"), { target: { value: "Ann" } });
    server.publish({ text: "Are you still there?" });
    server.publish({ text: "Where to?", form: [field("Name", { value: "A" })] });
    await drawn();
    expect([all(".form").length, input("Name").value]).toEqual([1, "Ann"]);
    await submit();
    expect(server.received.map((message) => message.text)).toEqual(["Name: Ann"]);
  });

  it("shows what the server found wrong at its field, with what was told", async () => {
    await open();
    server.publish({ text: "Where to?", form: [field("Name", { value: "Ann" }), field("Code", { value: "1", problem: "No such code." })] });
    await drawn();
    expect(input("Name").value).toBe("Ann");
    expect(input("Code").getAttribute("aria-invalid")).toBe("true");
    expect(all(".form .problem").map((line) => [line.id === input("Code").getAttribute("aria-describedby"), line.textContent])).toEqual([
      [false, ""],
      [true, "No such code."],
    ]);
  });
});
