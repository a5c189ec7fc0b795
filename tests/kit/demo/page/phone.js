/** The chat of one customer as the platform would show it. */
import { act, sendFile } from "./calls.js";
import { h, icon, keep, linked } from "./elements.js";
import { drawLetterhead, drawMail, letterhead, subject } from "./mail.js";
import { region, tongue, words } from "./words.js";

/** Milliseconds that typing dots stay without an answer. */
const TYPING = 6000;
/** How people leave, where they do not block: by account. */
const LEAVES = { wechat: "follow", "wechat-without-api": "follow", weibo: "follow", "qq-group": "group", email: "mailbox" };
const GROUP = "qq-group";
const SAMPLE = "/page/sample.webp";

const root = document.getElementById("phone");
const head = h("header", { class: "phone-head" });
const talk = h("ol", { class: "talk", "aria-live": "polite", tabindex: "-1" });
const below = h("div", { class: "below" });
const field = h("textarea", { rows: "1", autocomplete: "off", enterkeyhint: "send" });
const picker = h("input", { type: "file", class: "hidden", tabindex: "-1", "aria-hidden": "true" });
const sender = h("button", { type: "submit", class: "send" });
const extra = h("div", { class: "extra" });
const editing = h("div", { class: "editing", hidden: true });
const composer = h("form", { class: "composer" }, letterhead, extra, field, picker, sender);
root.append(head, talk, below, editing, composer);

const drafts = new Map();
const typing = new Map(); // by account: how often it was seen, and until when the dots stay
let phone = null;
let mark = null;
let shopName = "";
let edited = null; // the line that is being changed
let readUpTo = "";
let stays = true; // at the newest message, whatever comes
let height = 0; // how far down the talk was last

talk.addEventListener("scroll", () => {
  // Only who scrolls up leaves the newest message: pictures that come late push it down, too.
  if (talk.scrollTop < height - 2) stays = false;
  if (talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40) stays = true;
  height = talk.scrollTop;
});
new ResizeObserver(keepLow).observe(talk);

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  void say();
});
field.addEventListener("keydown", (event) => {
  // A mail has lines of its own, and leaves by Ctrl and Enter.
  const isMeant = phone?.mail ? event.ctrlKey || event.metaKey : !event.shiftKey;
  if (event.key === "Enter" && isMeant && !event.isComposing) {
    event.preventDefault();
    void say();
  } else if (event.key === "Escape" && edited !== null) stopEditing();
});
field.addEventListener("input", grow);
picker.addEventListener("change", async () => {
  for (const file of picker.files) await sendFile(phone.account, file.name, file);
  picker.value = "";
});
document.addEventListener("visibilitychange", read);
document.addEventListener("click", (event) => {
  for (const open of root.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of root.querySelectorAll("details[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

/** Shows the phone of somebody; called again whenever something about it changed. */
export function showPhone(state, channelMark, shop) {
  const isOther = phone?.account !== state.account;
  if (isOther && phone) drafts.set(phone.account, field.value);
  [phone, mark, shopName] = [state, channelMark, shop];
  root.dataset.channel = state.channel;
  root.dataset.account = state.account;
  if (isOther) {
    stopEditing();
    talk.replaceChildren();
    field.value = drafts.get(state.account) ?? "";
    [stays, height] = [true, 0];
  }
  dots(state);
  drawHead();
  drawTalk();
  drawBelow();
  drawComposer();
  keepLow();
  read();
}

/** The words changed. */
export function redrawPhone() {
  talk.replaceChildren();
  extra.replaceChildren();
  if (phone) showPhone(phone, mark, shopName);
}

export function focusComposer() {
  field.focus();
}

function dots(state) {
  const known = typing.get(state.account);
  if (known?.count !== state.typing) {
    const until = known === undefined ? 0 : Date.now() + TYPING;
    typing.set(state.account, { count: state.typing, until, lines: state.lines.length });
    if (until) setTimeout(() => phone?.account === state.account && drawTalk(), TYPING + 50);
  } else if (state.lines.length > known.lines && state.lines.at(-1).by === "shop") known.until = 0;
}

function drawHead() {
  const say = words();
  const leaves = () => act(phone.account, phone.blocked ? "returns" : "blocks");
  const label = phone.blocked ? leaving().back : leaving().label;
  const wanted = phone.news ? say.switches.off : say.switches.on;
  const news = phone.news === null ? "" : button(() => act(phone.account, "switches"), phone.news ? "bell" : "belloff", wanted, "");
  head.replaceChildren(
    h("span", { class: "avatar", "aria-hidden": "true" }, icon("leaf")),
    h("div", { class: "who" }, h("b", {}, shopName), h("small", {}, `${mark[tongue()]} · ${say.account[phone.account] ?? ""}`)),
    ...(phone.lines.length ? [news, button(leaves, phone.blocked ? "back" : "stop", label)] : []),
  );
}

/** `shown` is left empty where the picture says it. */
const button = (does, picture, label, shown = label) =>
  h("button", { class: "small", type: "button", onclick: does, title: label, "aria-label": label }, icon(picture), shown);

const leaving = () => words().leaving[LEAVES[phone.account] ?? "block"];

function drawTalk() {
  const wanted = [];
  let day = "";
  let before = null;
  const chips = newest(phone.lines, (line) => line.by === "shop");
  const last = phone.lines.at(-1);
  for (const line of phone.lines) {
    const today = new Date(line.at * 1000).toDateString();
    if (today !== day) wanted.push([`day ${today}`, [today, tongue()], () => h("li", { class: "day" }, dayOf(line.at))]);
    day = today;
    // Quick replies go once somebody has said something below them.
    const hasChips = line === chips && (last === line || last.by === "event");
    const above = before;
    wanted.push([line.id, [line, hasChips, phone.account, tongue()], () => drawLine(line, hasChips, above)]);
    before = line;
  }
  if (!phone.lines.length) wanted.push(["empty", [phone.account, tongue()], drawEmpty]);
  if ((typing.get(phone.account)?.until ?? 0) > Date.now()) wanted.push(["typing", [], drawDots]);
  keep(talk, wanted);
  keepLow();
}

function newest(lines, fits) {
  return [...lines].reverse().find(fits);
}

function drawEmpty() {
  const say = words();
  const start = say.start[phone.account] ?? say.start.other;
  const hint = say.hint[phone.account];
  return h(
    "li",
    { class: "empty" },
    h("p", {}, say.empty(phone.name, mark[tongue()])),
    hint ? h("small", {}, hint) : null,
    h("button", { type: "button", class: "primary", onclick: () => act(phone.account, "opens") }, start),
  );
}

function drawDots() {
  return h("li", { class: "line shop" }, h("div", { class: "bubble dots", "aria-label": words().typing }, h("i"), h("i"), h("i")));
}

function drawLine(line, hasChips, before) {
  if (line.by === "event") return h("li", { class: "day" }, eventWords(line));
  if (line.is_deleted) return h("li", { class: "day" }, words().deleted);
  const say = words();
  const facts = h(
    "small",
    { class: "facts" },
    line.is_edited ? `${say.edited} · ` : "",
    line.event === "taps" ? `${say.taps} · ` : "",
    timeOf(line.at),
    drawTicksOf(line),
  );
  if (phone.mail) return drawMail(line, before, drawTicksOf(line), line.files.map((file, at) => drawFile(line, file, at, null)), phone.mail, phone.name, shopName);
  const bubble = line.cards ? drawCards(line) : drawBubble(line);
  if (bubble) bubble.append(facts);
  return h(
    "li",
    { class: `line ${line.by}` },
    line.files.map((file, at) => drawFile(line, file, at, bubble ? null : facts)),
    bubble,
    line.keys.map((group) => (group.style === "lines" || (group.style === "chips" && !hasChips) ? null : drawKeys(line, group))),
    line.can.length ? drawTools(line) : null,
  );
}

function drawBubble(line) {
  const items = line.keys.filter((group) => group.style === "lines").map((group) => drawKeys(line, group));
  if (!line.text && !items.length) return null;
  const pin = line.event === "place" ? icon("pin") : null;
  return h("div", { class: "bubble" }, pin, h("span", { class: "words" }, isToBot(line) ? h("b", {}, `@${shopName} `) : null, linked(line.text)), items);
}

/** In a group the bot hears only what is said to it by its name. */
function isToBot(line) {
  return phone.account === GROUP && line.by === "customer" && line.event !== "taps";
}

function drawTicksOf(line) {
  return line.by === "customer" ? drawTicks(line.state) : null;
}

function drawTicks(state) {
  const say = words();
  const taken = phone.mail ? say.fetched : say.taken;
  const name = state === "sent" ? say.sent : state === "seen" ? say.seen : taken;
  const marks = state === "sent" ? [icon("clock")] : state === "seen" ? [icon("check"), icon("check")] : [icon("check")];
  return h("span", { class: `ticks ${state}`, role: "img", "aria-label": name, title: name }, marks);
}

function drawFile(line, file, at, facts) {
  const address = `/api/phones/${phone.account}/files/${line.id}/${at}`;
  const link = { href: address, target: "_blank", rel: "noopener" };
  if (file.image) {
    const picture = h("img", { src: address, alt: file.name || words().picture, onload: keepLow });
    return h("div", { class: "picture" }, h("a", link, picture), facts);
  }
  return h("div", { class: "bubble file" }, h("a", { ...link, download: file.name || "file" }, icon("file"), file.name || "file"), facts);
}

function keepLow() {
  if (stays) talk.scrollTop = talk.scrollHeight;
}

function drawKeys(line, group) {
  const keys = group.rows.map((row) => h("div", { class: "keys-row" }, row.map((key) => drawKey(line, key))));
  if (group.style === "list") return h("details", { class: "keys list" }, h("summary", {}, group.title), h("div", { class: "sheet" }, keys));
  return h("div", { class: `keys ${group.style}` }, keys);
}

function drawKey(line, key) {
  if (key.url) return h("a", { class: "key", href: key.url, target: "_blank", rel: "noopener" }, key.label, icon("out"));
  return h("button", { type: "button", class: "key", onclick: () => tap(line, key) }, key.label);
}

async function tap(line, key) {
  await act(phone.account, "taps", { line: line.id, at: key.at });
  if (matchMedia("(pointer: fine)").matches) field.focus();
}

function drawTools(line) {
  const say = words();
  const edit = () => startEditing(line);
  const remove = () => act(phone.account, "deletes", { line: line.id });
  return h(
    "div",
    { class: "tools" },
    line.can.includes("edit") ? h("button", { type: "button", title: say.edit, "aria-label": say.edit, onclick: edit }, icon("edit")) : null,
    line.can.includes("delete") ? h("button", { type: "button", title: say.delete, "aria-label": say.delete, onclick: remove }, icon("bin")) : null,
  );
}

/** Cards as LINE has them, and Meta in the same form: bubbles of boxes, texts, pictures and buttons. */
function drawCards(line) {
  const bubbles = line.cards.type === "carousel" ? line.cards.contents : [line.cards];
  let count = 0;
  const part = (one) => {
    if (!one) return null;
    if (one.type === "box") return h("div", { class: "flex-box" }, one.contents.map(part));
    if (one.type === "text") return h("p", { class: one.weight === "bold" ? "strong" : one.size === "sm" ? "quiet" : "" }, one.text);
    if (one.type === "image") return h("img", { src: local(one.url), alt: "", onload: keepLow });
    if (one.type !== "button") return null;
    const key = { label: one.action.label, url: one.action.uri ?? "", at: count++ };
    return drawKey(line, key);
  };
  const cards = bubbles.map((one) => h("div", { class: "flex" }, part(one.hero), part(one.body), part(one.footer)));
  return h("div", { class: "cards" }, cards);
}

/** A platform fetches our files from a public address; here they come through this server. */
function local(address) {
  return `/api/phones/${phone.account}/public?url=${encodeURIComponent(address)}`;
}

function eventWords(line) {
  const say = words();
  const what = line.event === "blocks" ? leaving().event : say[line.event];
  return tongue() === "zh" ? `${phone.name}${what}` : `${phone.name} ${what}`;
}

function drawBelow() {
  const say = words();
  below.replaceChildren(
    ...(phone.blocked ? [h("p", { class: "notice" }, icon("stop"), leaving().notice(phone.name))] : []),
    ...(phone.held ? [h("p", { class: "notice" }, icon("clock"), say.held(phone.held, phone.name))] : []),
  );
}

function drawComposer() {
  const say = words();
  const write = (phone.account === GROUP ? say.writeIn : say.write)(phone.name);
  field.placeholder = write;
  field.setAttribute("aria-label", write);
  composer.hidden = !phone.lines.length;
  composer.classList.toggle("mail", Boolean(phone.mail));
  drawLetterhead(phone.mail);
  sender.replaceChildren(icon("send"), phone.mail ? say.send : "");
  sender.setAttribute("aria-label", say.send);
  const wanted = JSON.stringify([phone.account, phone.menu, phone.can, tongue()]);
  if (extra.dataset.made !== wanted) {
    extra.dataset.made = wanted;
    extra.replaceChildren(popover("plus", say.more, moreThings()), ...(phone.menu.length ? [popover("menu", say.menu, menuEntries())] : []));
  }
  grow();
}

function moreThings() {
  const say = words();
  const pick = () => {
    picker.accept = phone.can.includes("file") ? "" : "image/*";
    picker.click();
  };
  return [
    ["image", say.sample, async () => sendFile(phone.account, "tea.webp", await (await fetch(SAMPLE)).blob())],
    ["clip", phone.can.includes("file") ? say.picture : say.onlyPicture, pick],
    ...(phone.can.includes("place") ? [["pin", say.place, () => act(phone.account, "sends_place")]] : []),
  ];
}

function menuEntries() {
  return phone.menu.map((label) => ["", label, () => act(phone.account, "picks", { label })]);
}

function popover(sign, name, entries) {
  const box = h("details", { class: "popover" });
  const choose = (run) => () => {
    box.open = false;
    void run();
  };
  const items = entries.map(([mark, label, run]) => h("button", { type: "button", onclick: choose(run) }, mark ? icon(mark) : null, label));
  box.append(h("summary", { title: name, "aria-label": name }, icon(sign)), h("div", { class: "sheet" }, items));
  return box;
}

async function say() {
  const text = field.value.trim();
  if (!text || !phone) return;
  const line = edited;
  field.value = "";
  stopEditing();
  const done = line === null ? await act(phone.account, "says", phone.mail ? { text, subject: subject() } : { text }) : await act(phone.account, "edits", { line, text });
  if (!done) field.value = text;
  grow();
}

function startEditing(line) {
  edited = line.id;
  field.value = line.text;
  const cancel = h("button", { type: "button", class: "small", onclick: stopEditing }, words().cancel);
  editing.replaceChildren(icon("edit"), words().editing, cancel);
  editing.hidden = false;
  field.focus();
  grow();
}

function stopEditing() {
  if (edited !== null) field.value = "";
  edited = null;
  editing.hidden = true;
}

function grow() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 120)}px`;
}

/** Whoever looks at the phone has read it; platforms that tell so hear of it once a message. */
function read() {
  if (!phone || document.visibilityState !== "visible" || !root.offsetParent) return;
  const line = newest(phone.lines, (one) => one.by === "shop");
  const place = line ? `${phone.account} ${line.id}` : "";
  if (!place || place === readUpTo) return;
  readUpTo = place;
  void act(phone.account, "reads");
}

function timeOf(at) {
  return new Intl.DateTimeFormat(region(), { hour: "2-digit", minute: "2-digit" }).format(at * 1000);
}

function dayOf(at) {
  return new Intl.DateTimeFormat(region(), { weekday: "long", day: "numeric", month: "long" }).format(at * 1000);
}
