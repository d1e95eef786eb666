// Signing in again on the page where the session ended, so that what was typed stays where it is: with a password, and
// with the code of an authenticator app where the account asks for one.
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const tokenOf = (page) => page.querySelector("[name=csrf_token]")?.value ?? "";

async function fetchPage(address, options = {}) {
  const response = await fetch(address, { ...options, headers: { Accept: "text/html" } });
  return { response, page: parse(await response.text()), path: new URL(response.url).pathname };
}

let asking = null; // typing and a file may both find the session over: one panel asks once, for both

// In: the panel, the page's own address and its person.  Asks until the session is that person's again.
// Out: a fresh token.
export function signInAgain(panel, address, person) {
  asking ??= ask(panel, address, person).finally(() => {
    asking = null;
  });
  return asking;
}

function ask(panel, address, person) {
  const form = panel.querySelector("form");
  const note = panel.querySelector("[data-note]");
  const elsewhere = panel.querySelector("[data-elsewhere]");
  const steps = { password: panel.querySelector("[data-password]"), code: panel.querySelector("[data-code]") };
  let token = "";
  let target = "/login";

  const show = (step) => {
    for (const [name, part] of Object.entries(steps)) {
      part.hidden = name !== step;
      for (const input of part.querySelectorAll("input")) input.disabled = part.hidden;
    }
  };
  const say = (words, link = `/login?next=${encodeURIComponent(address)}`) => {
    note.textContent = words;
    elsewhere.querySelector("a").href = link;
  };
  // What the page says that an attempt led to.
  const tell = ({ response, page }) => {
    const error = page.querySelector(".err-sum li")?.textContent.trim();
    const second = page.querySelector("main form[action*='/tf-validate']");
    if (response.status === 429) {
      say(page.querySelector("main p")?.textContent.trim() ?? "Wait a few minutes.");
    } else if (page.body.dataset.person) {
      say("Somebody else is signed in in this browser. Sign them out first.", "/account");
    } else if (second) {
      target = second.getAttribute("action");
      show("code");
      say(error ?? "", response.url);
      form.elements.code.focus();
    } else {
      const known = page.querySelector("main form[action$='/login']") || error;
      target = "/login";
      show("password");
      if (known) say(error ?? "");
      else say("Your account asks for a second step.", response.url);
    }
  };

  return new Promise((resolve) => {
    const judge = (answer) => {
      token = tokenOf(answer.page) || token;
      if (answer.path === address && answer.response.ok && answer.page.body.dataset.person === person) {
        panel.hidden = true;
        form.reset();
        show("password");
        form.removeEventListener("submit", send);
        elsewhere.querySelector("button").removeEventListener("click", look);
        resolve(token);
        return;
      }
      panel.hidden = false;
      tell(answer);
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
      await attempt(target, { method: "POST", body });
      form.elements.password.value = form.elements.code.value = "";
    };
    form.addEventListener("submit", send);
    elsewhere.querySelector("button").addEventListener("click", look);
    look();
  });
}
