/** The wire: each call and its answer, newest last. */
import { h, icon, keep } from "./elements.js";
import { headerNote, region, targetNote, tongue, words } from "./words.js";

/** What speaks in commands: it has no body of its own to miss, and answers in words. */
const COMMANDS = new Set(["IMAP", "SMTP"]);
/** Entries in the page at once; the older ones are let go. */
const MOST = 150;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(<\/?[A-Za-z][^<>]*>)|(-?\b\d+(?:\.\d+)?\b|\btrue\b|\bfalse\b|\bnull\b)/g;

const root = document.getElementById("wire");
const bar = h("header", { class: "wire-bar" });
const list = h("ol", { class: "entries", tabindex: "0" });
const latest = h("button", { type: "button", class: "latest", hidden: true });
root.append(bar, list, latest);

const entries = new Map();
let account = "";
let marks = {};
let isAll = false;
let isBrief = localStorage.getItem("brief") === "1";
let clearedAt = 0;

list.addEventListener("scroll", () => (latest.hidden = isLow()));
latest.addEventListener("click", () => (list.scrollTop = list.scrollHeight));

export function addEntry(entry) {
  entries.set(entry.n, entry);
  if (entries.size > 400) entries.delete(entries.keys().next().value);
}

export function showWire(of, channelMarks) {
  const isOther = account !== of;
  [account, marks] = [of, channelMarks];
  drawBar();
  draw(isOther);
}

/** The words changed. */
export function redrawWire() {
  list.replaceChildren();
  if (account) showWire(account, marks);
}

function isLow() {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 60;
}

function drawBar() {
  const say = words();
  const choice = (label, all) => {
    const choose = () => {
      isAll = all;
      drawBar();
      draw(true);
    };
    return h("button", { type: "button", "aria-pressed": String(isAll === all), onclick: choose }, label);
  };
  const brief = () => {
    isBrief = !isBrief;
    localStorage.setItem("brief", isBrief ? "1" : "0");
    list.replaceChildren();
    drawBar();
    draw(true);
  };
  const clear = () => {
    clearedAt = Math.max(0, ...entries.keys());
    draw(true);
  };
  bar.replaceChildren(
    h("h2", {}, say.wire),
    h("div", { class: "choice" }, choice(say.here, false), choice(say.all, true)),
    h("span", { class: "gap" }),
    h("button", { type: "button", class: "small", "aria-pressed": String(isBrief), onclick: brief }, say.brief),
    h("button", { type: "button", class: "small", onclick: clear }, say.clear),
  );
  latest.replaceChildren(icon("down"), say.latest);
}

function draw(jump) {
  const wasLow = isLow();
  const shown = [...entries.values()].filter((one) => (isAll || one.account === account) && one.n > clearedAt).slice(-MOST);
  const wanted = shown.map((one) => [one.n, [one, isAll, tongue()], () => drawEntry(one)]);
  if (!wanted.length) wanted.push(["empty", [tongue()], () => h("li", { class: "empty" }, words().wireEmpty)]);
  keep(list, wanted);
  if (wasLow || jump) list.scrollTop = list.scrollHeight;
  latest.hidden = isLow();
}

function drawEntry(entry) {
  const say = words();
  const isHook = entry.towards === "parley";
  const mark = marks[entry.account];
  return h(
    "li",
    { class: isHook ? "entry hook" : "entry" },
    h(
      "details",
      { open: !isBrief },
      h(
        "summary",
        {},
        isAll && mark ? h("span", { class: "mark", style: { background: mark.color } }, mark.mark) : null,
        h("span", { class: "way" }, isHook ? say.webhook : say.call),
        h("b", {}, entry.verb),
        h("code", { class: "target" }, entry.target.split("?")[0]),
        drawStatus(entry),
        h("time", {}, clock(entry.at)),
      ),
      drawQuery(entry, isHook),
      drawHeaders(entry.headers),
      drawBody(entry.body, !COMMANDS.has(entry.verb) && (isHook || entry.verb !== "GET"), !COMMANDS.has(entry.verb)),
      entry.status && !(COMMANDS.has(entry.verb) && !entry.answer.text) ? drawAnswer(entry) : null,
    ),
  );
}

function drawStatus(entry) {
  const say = words();
  if (entry.status === null) return h("span", { class: "status open" }, say.waiting);
  const kind = entry.status === 0 || entry.status >= 400 ? "bad" : "good";
  return h("span", { class: `status ${kind}` }, entry.status === 0 ? say.lost : entry.verb === "IMAP" ? "OK" : String(entry.status), entry.ms ? h("small", {}, ` · ${entry.ms} ms`) : null);
}

function drawQuery(entry, isHook) {
  const query = entry.target.split("?")[1];
  if (!query) return null;
  const note = isHook ? targetNote(entry.account) : "";
  return h("div", { class: "query" }, h("code", {}, `?${query}`), note ? h("small", {}, note) : null);
}

function drawHeaders(headers) {
  if (!headers.length) return null;
  const rows = headers.map(([name, value]) => {
    const note = headerNote(name);
    return [h("dt", {}, name), h("dd", {}, h("code", {}, value), note ? h("small", {}, note) : null)];
  });
  return h("dl", { class: "headers" }, rows);
}

/** `isSealed`: what stands in it in plain was encrypted, and not only written in another way. */
function drawBody(body, expected, isSealed) {
  const say = words();
  if (!body.text) return expected ? h("p", { class: "quiet" }, say.noBody) : null;
  if (!body.plain) return h("pre", { tabindex: "0" }, coloured(body.text));
  return h(
    "div",
    {},
    h("p", { class: "quiet" }, isSealed ? icon("lock") : null, say.plain),
    h("pre", { tabindex: "0" }, coloured(body.plain)),
    h("details", { class: "sealed" }, h("summary", {}, isSealed ? say.sealed : say.raw), h("pre", { tabindex: "0" }, coloured(body.text))),
  );
}

function drawAnswer(entry) {
  return h(
    "div",
    { class: "answer" },
    h("p", { class: "quiet" }, COMMANDS.has(entry.verb) ? entry.verb : `HTTP ${entry.status}`),
    drawHeaders(entry.answer_headers),
    drawBody(entry.answer, true, !COMMANDS.has(entry.verb)),
  );
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, string, colon, tag] = found;
    const kind = string ? (colon ? "name" : "string") : tag ? "tag" : "number";
    parts.push(text.slice(end, found.index), h("span", { class: kind }, whole));
    end = found.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

function clock(at) {
  return new Intl.DateTimeFormat(region(), { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at * 1000);
}
