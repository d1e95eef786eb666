// Keeps what runs in the background up to date: <div id="moving" data-refresh="5"> is read again each five seconds.
const part = document.querySelector("[data-refresh]");
const wait = Number(part.dataset.refresh) * 1000;

const timer = setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    const status = part.querySelector("[role=status]");
    if (!fresh) {
      clearInterval(timer);
      status.textContent = "All drafts have moved.";
      part.querySelector("progress")?.remove();
      return;
    }
    status.replaceChildren(...fresh.querySelector("[role=status]").childNodes);
    const bar = part.querySelector("progress");
    if (bar) bar.value = fresh.querySelector("progress").value;
  } catch {
    // Offline for a moment: ask again at the next turn.
  }
}, wait);
