// Adds the reader's own time after a deadline, where it differs: "Tue, Dec 8, 5:59 am your time".
const clock = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric" });
const plain = (text) => text.replace(/\s+/g, " ").toLowerCase();

export function addOwnTime(root = document) {
  for (const element of root.querySelectorAll("time[data-zone]")) {
    const moment = new Date(element.dateTime);
    const time = plain(clock.format(moment));
    element.removeAttribute("data-zone");
    if (Number.isNaN(moment.valueOf()) || new RegExp(`(^|\\D)${time}`).test(plain(element.textContent))) continue;
    const own = document.createElement("span");
    own.className = "your-time";
    own.textContent = ` (${day.format(moment)}, ${time} your time)`;
    element.after(own);
  }
}

addOwnTime();
