// A payment that is made elsewhere: look now and then what has become of it, for an hour at most.
const waits = document.querySelector("[data-fate]");
const END = 3_600_000;
let pause = 3000;

async function look() {
  try {
    const { fate } = await (await fetch(waits.dataset.fate)).json();
    if (fate === "done" || fate === "waits") return location.replace(waits.dataset.paid);
    if (fate === "over") return location.replace(location.href); // and not reload(): that would post the form again
  } catch {
    // No connection just now: the next look may have one.
  }
  next();
}

function next() {
  pause = Math.min(pause * 1.05, 30_000);
  if (performance.now() < END) setTimeout(look, pause);
}

next();
