// Signing in again on the page where the session ended, so that what was typed stays where it is.
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const tokenOf = (page) => page.querySelector("[name=csrf_token]")?.value ?? "";

async function fetchPage(address, options = {}) {
  const response = await fetch(address, { ...options, headers: { Accept: "text/html" } });
  return { response, page: parse(await response.text()), path: new URL(response.url).pathname };
}

// In: the panel, the page's own address and its person.  Asks until the session is that person's again.
// Out: a fresh token.
export function signInAgain(panel, address, person) {
  const form = panel.querySelector("form");
  const note = panel.querySelector("[data-note]");
  const second = panel.querySelector("[data-second]");
  let token = "";

  const say = (words, link = "") => {
    note.textContent = words;
    second.hidden = !link;
    if (link) second.querySelector("a").href = link;
  };

  return new Promise((resolve) => {
    const judge = ({ response, page, path }) => {
      token = tokenOf(page) || token;
      const back = path === address && response.ok;
      if (back && page.body.dataset.person === person) {
        panel.hidden = true;
        form.reset();
        form.removeEventListener("submit", send);
        second.querySelector("button").removeEventListener("click", look);
        resolve(token);
        return;
      }
      panel.hidden = false;
      const error = page.querySelector(".err-sum li")?.textContent.trim();
      if (error) say(error);
      else if (response.status === 429) say(page.querySelector("main p")?.textContent.trim() ?? "Wait a few minutes.");
      else if (page.body.dataset.person) say("Somebody else is signed in in this browser. Sign them out first.", "/account");
      else if (page.querySelector("main form[action$='/login']")) say("");
      else say("Your account asks for a second step.", response.url);
    };
    const attempt = async (...request) => {
      try {
        judge(await fetchPage(...request));
      } catch {
        panel.hidden = false;
        say("No connection. Try again when you are back.");
      }
    };
    const look = () => attempt(address);
    const send = async (event) => {
      event.preventDefault();
      if (!token) await look();
      if (panel.hidden) return;
      const body = new URLSearchParams(new FormData(form));
      body.set("csrf_token", token);
      body.set("next", address);
      await attempt("/login", { method: "POST", body });
      form.elements.password.value = "";
    };
    form.addEventListener("submit", send);
    second.querySelector("button").addEventListener("click", look);
    look();
  });
}
