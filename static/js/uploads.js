// Sends files when they are chosen, each to its question, with a bar; takes them away in place; and looks every three
// seconds whether a file has been checked, while one is being checked.
import { clearProblem, NAME, wrapperOf } from "./answers.js";
import { signInAgain } from "./sign_in.js";

const EVERY = 3000;
const TRIES = 4;
const form = document.querySelector("form[data-autosave]");
const announcer = document.querySelector("[data-announce]");
const running = new Set();
const polls = new Map();

const addressOf = (id) => form.dataset.files.replace(/0$/, id);
const announce = (words) => {
  announcer.textContent = words;
};

function shown(bytes) {
  return bytes >= 1048576 ? `${Math.round(bytes / 104857.6) / 10} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`;
}

function barFor(slot, file) {
  const row = document.querySelector("[data-uploading]").content.firstElementChild.cloneNode(true);
  const bar = row.querySelector("progress");
  const label = row.querySelector("label");
  bar.id = label.htmlFor = `sending-${slot.dataset.question}`;
  row.querySelector("b").textContent = file.name;
  slot.querySelector("input[type=file]").parentElement.before(row);
  const show = (share) => {
    bar.value = Math.round(share * 100);
    label.textContent = share < 1 ? `Uploading ${shown(file.size)}, ${bar.value}%` : "Uploaded. Looking at the file";
  };
  show(0);
  return { row, show };
}

// Out: the status and what was answered; status 0 where there was no connection.
function post(id, fields, onProgress = () => {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", addressOf(id));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("load", () => resolve([request.status, request.response ?? {}]));
    request.addEventListener("error", () => resolve([0, {}]));
    request.addEventListener("abort", () => resolve([0, {}]));
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    request.send(body);
  });
}

// Waits until there is a connection, as far as the browser knows, and then for a while.
async function pause(milliseconds) {
  if (navigator.onLine === false) await new Promise((resolve) => window.addEventListener("online", resolve, { once: true }));
  else await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// The same for a file, sent again where the connection was lost or the server did not answer, some times.
async function sendFile(id, file, row, show) {
  for (let tries = 1; ; tries += 1) {
    const [status, answer] = await signedInPost(id, [[`q${id}`, file]], show);
    const isLost = status === 0 || (status >= 500 && !answer.html);
    if (!isLost || tries === TRIES) return [status, answer];
    const words = "The connection was lost. We send it again as soon as you are back.";
    row.querySelector("label").textContent = words;
    announce(`${file.name}: ${words}`);
    await pause(1000 * 2 ** tries);
    show(0);
  }
}

async function signedInPost(...request) {
  const [status, answer] = await post(...request);
  if (status !== 401 && answer.error !== "token") return [status, answer];
  announce("You are signed out. Sign in to send the file; nothing you typed is lost.");
  const panel = document.querySelector("[data-sign-in]");
  const token = await signInAgain(panel, location.pathname, form.dataset.person);
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
  return post(...request);
}

function refuse(slot, sentence) {
  const error = document.createElement("p");
  error.className = "invalid-feedback d-block";
  error.dataset.said = "";
  error.textContent = sentence;
  slot.querySelector("input[type=file]").parentElement.before(error);
  announce(sentence);
}

function put(slot, answer, focus = false) {
  const held = slot.contains(document.activeElement);
  slot.innerHTML = answer.html;
  if (focus || held) slot.querySelector("input[type=file]").focus();
  const here = document.querySelector("aside .steps .now .small");
  if (here) here.textContent = `You are here. ${answer.badge}`;
  look(slot);
}

async function sendAll(slot, files) {
  const id = slot.dataset.question;
  const refusals = [];
  for (const old of slot.querySelectorAll("[data-said]")) old.remove();
  for (const file of files) {
    const most = Number(slot.querySelector("input[type=file]").dataset.maxBytes);
    if (most && file.size > most) {
      refusals.push(`Replace ${file.name}: it is larger than ${shown(most)}. Save a smaller copy and upload that.`);
      continue;
    }
    const { row, show } = barFor(slot, file);
    announce(`Uploading ${file.name}`);
    const [status, answer] = await sendFile(id, file, row, show);
    row.remove();
    if (answer.html) {
      put(slot, answer);
      announce(answer.words);
      if (status === 200) clearProblem(form, id);
      else if (files.length > 1) refusals.push(answer.words);
    } else if (status === 0 || status >= 500) {
      const again = "Your other answers are safe. Choose it again when you are back.";
      refusals.push(`${file.name} is not uploaded: the connection was lost. ${again}`);
    } else {
      refusals.push(`${file.name} is not uploaded. ${answer.reason || "Open this page again and choose it once more."}`);
    }
  }
  for (const sentence of refusals) refuse(slot, sentence);
}

async function take(slot, button) {
  const [status, answer] = await signedInPost(slot.dataset.question, [["remove", button.value]]);
  if (answer.html) {
    put(slot, answer, true);
    announce(answer.words);
  } else {
    refuse(slot, answer.reason || (status ? "It could not be removed. Try again." : "No connection. Try again when you are back."));
  }
}

function look(slot) {
  const id = slot.dataset.question;
  clearTimeout(polls.get(id));
  if (!slot.querySelector("[data-checking]")) return;
  polls.set(
    id,
    setTimeout(async () => {
      if (!document.hidden && !running.size) {
        try {
          const response = await fetch(addressOf(id), { headers: { Accept: "application/json" } });
          const answer = response.ok ? await response.json() : null;
          if (answer && !answer.checking) {
            put(slot, answer);
            announce(answer.words);
            return;
          }
        } catch {
          // No connection: it looks again.
        }
      }
      look(slot);
    }, EVERY),
  );
}

const slotOf = (element) => element.closest("[data-question]");

function run(work) {
  running.add(work);
  work.finally(() => running.delete(work));
}

form.addEventListener("change", ({ target }) => {
  if (target.type !== "file" || !target.files.length || !NAME.test(target.name)) return;
  const files = [...target.files];
  target.value = ""; // it goes by itself, and not with the form again
  run(sendAll(slotOf(target), files));
});

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=remove]");
  if (!button) return;
  event.preventDefault();
  run(take(slotOf(button), button));
});

// The form waits for files that are on their way.
form.addEventListener(
  "submit",
  async (event) => {
    if (!running.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    announce("Waiting for your file");
    await Promise.allSettled(running);
    if (!form.querySelector("[data-said]")) form.requestSubmit(event.submitter);
  },
  true,
);

window.addEventListener("beforeunload", (event) => {
  if (running.size) event.preventDefault();
});

for (const input of form.querySelectorAll("input[type=file]")) look(wrapperOf(form, NAME.exec(input.name)[1]));
