// What was typed and has not reached the server, kept on this device under person, application and section; and who
// makes the device forget it: whoever signs out, and whoever signs in as somebody else.
const PREFIX = "portal.draft.";
const LEAVING = ["/logout", "/account/sign-out-everywhere"];

export const channel = "BroadcastChannel" in window ? new BroadcastChannel("portal") : null;

export const nameOf = ({ person, application, section }) => `${PREFIX}${person}.${application}.${section}`;

export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

// A device may have no room or forbid it: the page itself still holds what was typed.
export function write(name, copy) {
  try {
    if (copy) localStorage.setItem(name, JSON.stringify(copy));
    else localStorage.removeItem(name);
  } catch {
    return false;
  }
  return true;
}

export function forget(isOthers = () => true) {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && isOthers(name.slice(PREFIX.length).split(".")[0])) localStorage.removeItem(name);
    }
  } catch {
    // No storage, so there is nothing to forget.
  }
}

const here = document.body.dataset.person;
if (here) forget((person) => person !== here);

document.addEventListener("submit", ({ target }) => {
  if (!LEAVING.includes(new URL(target.action, location.href).pathname)) return;
  forget();
  channel?.postMessage("signed out");
});
