/** Makes elements; texts are always texts, never markup. */

const SVG = "http://www.w3.org/2000/svg";
const MORE_ICONS = {
  pin: "M12 21s7-6.3 7-11.5a7 7 0 1 0-14 0C5 14.7 12 21 12 21Zm0-9a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8Z",
  copy: "M9 9h10.5v10.5H9zM5.5 15H4.5V4.5H15v1",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  plus: "M12 5v14M5 12h14",
  edit: "m5 19 .8-3.6L16 5.2a1.8 1.8 0 0 1 2.6 0l.2.2a1.8 1.8 0 0 1 0 2.6L8.6 18.2 5 19Z",
  bin: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7",
  stop: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM6 18 18 6",
  back: "M9 14.5 4 9.5l5-5M4 9.5h9.5a6 6 0 0 1 0 12H11",
  menu: "M4 7h16M4 12h16M4 17h16",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 20.5h4",
  belloff: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 20.5h4M4 4l16 16",
  lock: "M6.5 11h11v8.5h-11zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
};
let icons = MORE_ICONS;

/** The icons of the project, by name: one path each. */
export function useIcons(known) {
  icons = { ...known, ...MORE_ICONS };
}

/** `h("button", {class: "quiet", onclick: act}, icon("send"), "Send")`; null and false are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", icons[name] ?? "");
  svg.append(path);
  return svg;
}

const LINK = /https?:\/\/[^\s<>"，。）)]+/g;

/** A text whose web addresses can be followed. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(end, found.index), h("a", { href: found[0], target: "_blank", rel: "noopener" }, found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

/** Brings `parent` in step with `[key, made-from, make]`: what did not change keeps its place, its focus and its scroll. */
export function keep(parent, wanted) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const [key, from, make] of wanted) {
    const written = JSON.stringify(from);
    let element = before.get(String(key));
    if (!element || element.made !== written) {
      const made = make();
      made.dataset.key = key;
      made.made = written;
      if (element === place) place = element?.nextElementSibling ?? null;
      element?.remove();
      element = made;
    }
    before.delete(String(key));
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of before.values()) gone.remove();
}
