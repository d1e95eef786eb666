// A request for a letter counts as opened once a person moves, types or scrolls on its page; scanners of mail load it
// and do none of these.
const form = document.querySelector("form[data-opened]");
const signs = ["pointermove", "pointerdown", "keydown", "scroll", "touchstart"];

function tell(event) {
  if (!event.isTrusted) return;
  for (const sign of signs) removeEventListener(sign, tell);
  fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true }).catch(() => {});
}

if (form) for (const sign of signs) addEventListener(sign, tell, { passive: true });
