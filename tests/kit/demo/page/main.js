/** The page of the demo: who plays, whose phone is shown, and what comes from the server. */
import { passHours, tell } from "./calls.js";
import { h, icon, keep, useIcons } from "./elements.js";
import { focusComposer, redrawPhone, showPhone } from "./phone.js";
import { addEntry, redrawWire, showWire } from "./wire.js";
import { region, tongue, turnLanguage, words } from "./words.js";

const HOURS = 25;
const LANGUAGES = { "zh-CN": "简体中文", "zh-TW": "繁體中文", en: "English", fr: "Français" };

const top = document.getElementById("top");
const people = document.getElementById("people");
const tabs = document.getElementById("tabs");
const phones = new Map();
const unread = new Set();
let play = null;
let chosen = decodeURIComponent(location.hash.slice(1));
let ahead = 0; // milliseconds that the play's clock is ahead of this one's

theme(localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
document.body.dataset.tab = "chat";
await begin();

async function begin() {
  // Listen first, so that nothing is missed between.
  const events = new EventSource("/api/events");
  await new Promise((done) => events.addEventListener("open", done, { once: true }));
  events.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  events.addEventListener("error", () => tell(words().gone));
  events.addEventListener("open", () => void load());
  await load();
  setInterval(drawClock, 5000);
  addEventListener("hashchange", () => choose(decodeURIComponent(location.hash.slice(1))));
}

async function load() {
  play = await (await fetch("/api/play")).json();
  useIcons(play.icons);
  document.documentElement.style.setProperty("--shop", play.color);
  ahead = play.now * 1000 - Date.now();
  for (const phone of play.phones) phones.set(phone.account, phone);
  for (const entry of play.wire) addEntry(entry);
  if (!phones.has(chosen)) chosen = play.phones[0].account;
  drawAll();
}

function hear(event) {
  if (!play) return;
  if (event.now) {
    ahead = event.now * 1000 - Date.now();
    drawClock();
  }
  if (event.wire) {
    addEntry(event.wire);
    showWire(chosen, play.marks);
  }
  if (event.phone) {
    const before = phones.get(event.phone.account);
    phones.set(event.phone.account, event.phone);
    const isNews = event.phone.lines.length > (before?.lines.length ?? 0) && event.phone.lines.at(-1).by === "shop";
    if (event.phone.account === chosen) showPhone(event.phone, play.marks[event.phone.channel], play.name);
    else if (isNews) unread.add(event.phone.account);
    drawPeople();
  }
}

function choose(account) {
  if (!phones.has(account)) return;
  chosen = account;
  unread.delete(account);
  history.replaceState(null, "", `#${account}`);
  const phone = phones.get(account);
  showPhone(phone, play.marks[phone.channel], play.name);
  showWire(account, play.marks);
  drawPeople();
  people.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function drawAll() {
  drawTop();
  drawTabs();
  drawPeople();
  choose(chosen);
}

function drawTop() {
  const say = words();
  const isDark = document.documentElement.classList.contains("dark");
  const turn = () => {
    turnLanguage();
    redrawPhone();
    redrawWire();
    drawAll();
  };
  const shade = () => {
    theme(isDark ? "light" : "dark");
    localStorage.setItem("theme", isDark ? "light" : "dark");
    drawTop();
  };
  const pass = async () => {
    if (await passHours(HOURS)) tell(say.dayWent);
  };
  top.replaceChildren(
    h("span", { class: "brand" }, icon("leaf"), h("b", {}, "Parley"), h("span", { class: "title" }, say.title)),
    h("span", { class: "gap" }),
    h("button", { type: "button", class: "small day-button", title: say.nextDayHint, onclick: pass }, icon("clock"), h("time", { id: "clock" }), h("b", {}, say.nextDay)),
    h("a", { class: "small wide", href: play.shop, target: "_blank", rel: "noopener" }, say.shop, icon("out")),
    drawDesk(),
    h("button", { type: "button", class: "small", lang: tongue() === "zh" ? "en" : "zh", onclick: turn }, say.language),
    h("button", { type: "button", class: "small square", title: isDark ? say.light : say.dark, "aria-label": isDark ? say.light : say.dark, onclick: shade }, icon(isDark ? "sun" : "moon")),
  );
  drawClock();
}

function drawDesk() {
  const say = words();
  const copy = (text) => async () => {
    await navigator.clipboard.writeText(text);
    tell(say.copied);
  };
  const fact = (name, value) => [h("dt", {}, name), h("dd", {}, h("code", {}, value), h("button", { type: "button", class: "small square", title: say.copy, "aria-label": `${say.copy}: ${name}`, onclick: copy(value) }, icon("copy")))];
  return h(
    "div",
    { class: "desk" },
    h("a", { class: "primary", href: play.desk, target: "_blank", rel: "noopener" }, say.desk, icon("out")),
    h("dl", { "aria-label": say.deskHint }, fact(say.login, play.login), fact(say.password, play.password)),
  );
}

function drawClock() {
  const at = Date.now() + ahead;
  const shown = new Intl.DateTimeFormat(region(), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const clock = document.getElementById("clock");
  if (clock) clock.textContent = shown.format(at);
}

function drawTabs() {
  const say = words();
  const tab = (name, label) => {
    const isOn = document.body.dataset.tab === name;
    const turn = () => {
      document.body.dataset.tab = name;
      drawTabs();
      choose(chosen);
    };
    return h("button", { type: "button", role: "tab", "aria-selected": String(isOn), "aria-controls": name === "chat" ? "phone" : "wire", onclick: turn }, label);
  };
  tabs.replaceChildren(tab("chat", say.chat), tab("wire", say.wire));
}

function drawPeople() {
  people.setAttribute("aria-label", words().people);
  keep(people, [...phones.values()].map((phone) => [phone.account, [phone.account, lastOf(phone), phone.account === chosen, unread.has(phone.account), tongue()], () => drawPerson(phone)]));
}

function drawPerson(phone) {
  const mark = play.marks[phone.channel];
  const last = lastOf(phone);
  const pick = () => {
    choose(phone.account);
    if (matchMedia("(pointer: fine)").matches) focusComposer();
  };
  return h(
    "button",
    { type: "button", class: "person", "aria-current": phone.account === chosen ? "true" : null, onclick: pick },
    h("span", { class: "mark", style: { background: mark.color } }, mark.mark),
    h(
      "span",
      { class: "about" },
      h("span", { class: "name" }, h("b", {}, phone.name), unread.has(phone.account) ? h("i", { class: "dot" }) : null),
      h("small", {}, `${mark[tongue()]} · ${words().kind[phone.account] ?? LANGUAGES[phone.locale] ?? phone.locale}`),
      h("small", { class: "last" }, last),
    ),
  );
}

function lastOf(phone) {
  const line = phone.lines.at(-1);
  return line?.text || (line?.files.length ? words().file : "");
}

function theme(name) {
  document.documentElement.classList.toggle("dark", name === "dark");
}
