/** What the page asks its server to do. What went wrong is told in a toast, and the answer is false. */
import { words } from "./words.js";

const toast = document.getElementById("toast");
let hiding = 0;

export function tell(text) {
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 5000);
}

async function post(address, body, type) {
  try {
    const answer = await fetch(address, { method: "POST", body, headers: type ? { "Content-Type": type } : {} });
    if (answer.ok) return true;
    const told = await answer.json().catch(() => ({}));
    tell(`${words().failed}: ${told.error ?? answer.status}`);
  } catch {
    tell(words().gone);
  }
  return false;
}

/** An act of a customer. */
export const act = (account, name, told = {}) => post(`/api/phones/${account}/${name}`, JSON.stringify(told), "application/json");

export const sendFile = (account, name, file) =>
  post(`/api/phones/${account}/files?name=${encodeURIComponent(name)}`, file, file.type || "application/octet-stream");

export const passHours = (hours) => post("/api/time", JSON.stringify({ hours }), "application/json");
