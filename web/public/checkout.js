// A picture to scan is paid on another device: look now and then what has become of the payment.
const waits = document.querySelector("[data-fate]");

async function look() {
  try {
    const { fate } = await (await fetch(waits.dataset.fate)).json();
    if (fate === "done") return location.replace(waits.dataset.paid);
    if (fate === "over") return location.reload();
  } catch {
    // No connection just now: the next look may have one.
  }
  setTimeout(look, 3000);
}

setTimeout(look, 3000);
