// A form that was sent a moment ago is not sent again by a second press of the same button.
const PAUSE = 3000; // milliseconds; then pressing again is meant
let sent = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const button = event.submitter ?? event.target;
  if (event.timeStamp - (sent.get(button) ?? -PAUSE) < PAUSE) event.preventDefault();
  else sent.set(button, event.timeStamp);
});

// The page comes back as it was left, and whatever it sends then is new.
window.addEventListener("pageshow", () => {
  sent = new WeakMap();
});
