/** A conversation by mail: letters below one another, and the head of the one that is being written. */
import { h, linked } from "./elements.js";
import { region, words } from "./words.js";

const to = h("p", {});
const label = h("span");
const field = h("input", { type: "text", maxlength: "120", autocomplete: "off", enterkeyhint: "next" });
export const letterhead = h("div", { class: "letterhead", hidden: true }, to, h("label", {}, label, field));
let offered = "";

/** The head of the next mail, `mail` as the server tells it; null where people write no mails. */
export function drawLetterhead(mail) {
  letterhead.hidden = !mail;
  if (!mail) return;
  const say = words();
  to.replaceChildren(h("span", {}, say.to), mail.shop);
  label.textContent = say.subject;
  field.placeholder = say.ofTheMail;
  // What was typed stays until another mail is there to be answered.
  if (mail.subject !== offered) field.value = offered = mail.subject;
}

export const subject = () => field.value.trim();

/** The subject of a thread, without what each answer puts before it. */
const bare = (text) => text.replace(/^(re:\s*)+/i, "");

/** A mail; `before` is the one above it, whose subject need not be said again. */
export function drawMail(line, before, facts, files, mail, name, shop) {
  const isOwn = line.by === "customer";
  const from = isOwn ? { name, address: mail.own, other: mail.shop } : { name: shop, address: mail.shop, other: mail.own };
  const isNew = line.subject && bare(line.subject) !== bare(before?.subject ?? "");
  return h(
    "li",
    { class: `mail ${line.by}` },
    isNew ? h("h3", {}, bare(line.subject)) : null,
    h(
      "article",
      {},
      h(
        "header",
        {},
        h("span", { class: "face", "aria-hidden": "true" }, [...from.name][0] ?? "@"),
        h("span", { class: "from" }, h("b", {}, from.name), h("small", {}, from.address), h("small", {}, `${words().to} ${from.other}`)),
        h("span", { class: "when" }, dated(line.at), facts),
      ),
      line.text ? h("div", { class: "letter" }, linked(line.text)) : null,
      files.length ? h("div", { class: "enclosed" }, files) : null,
    ),
  );
}

function dated(at) {
  return h("small", {}, new Intl.DateTimeFormat(region(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(at * 1000));
}

field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  field.form.querySelector("textarea").focus();
});
