// Saves a section by itself two seconds after typing stops: one request at a time, only the answers that changed.
// Until the server has them, they are kept on this device.
import { answersAsSent, answersOf, clearProblem, labelOf, place, readMarks, showProblem, wrapperOf, writeMarks } from "./answers.js";
import { channel, nameOf, read, write } from "./copies.js";
import { signInAgain } from "./sign_in.js";

const PAUSE = 2000;
const KEEP_AFTER = 300;
const LONGEST_WAIT = 60_000;
const TIMEOUT = 20_000;

const form = document.querySelector("form[data-autosave]");
const line = document.querySelector("[data-saved]");
const panel = document.querySelector("[data-sign-in]");
const copyName = nameOf(form.dataset);
const marks = readMarks(form.elements.seen.value);
const stored = answersAsSent(form, marks.keys()); // as the server has them, as far as this page knows
const refused = new Map(); // not kept by the server: not sent again until changed
const pageOnly = new Set(); // refused because it may identify a patient: not kept on this device either
const disputed = new Map(); // changed elsewhere too: not sent until somebody has chosen
let restoring = false; // from then on the form is not saved: it is read anew once what was left is with the server
let left = read(copyName)?.answers ?? {}; // of an earlier visit, until restored or discarded
let token = form.elements.csrf_token.value;
let request = null; // on its way, or sent without an answer: it is sent again as it was, before anything newer
let flight = null;
let timer = 0;
let tries = 0;
let over = ""; // why nothing can be saved any more
let signedOut = false;
let keeping = true;
let words = line.querySelector("b")?.textContent ?? "";

function say(text, tone = "ok", note = "") {
  line.dataset.tone = tone;
  line.querySelector("use")?.setAttribute("href", { ok: "#i-check", bad: "#i-stop" }[tone] ?? "#i-dot");
  line.querySelector("b").textContent = text;
  line.querySelector("span").textContent = note;
  line.querySelector("svg").toggleAttribute("hidden", !text);
}

// What the profile filled in goes with the first answer that somebody gives.
let touched = false;
for (const { dataset } of form.querySelectorAll("[data-prefilled]")) stored.set(dataset.question, "");

// A page can come with what was just refused.
for (const { dataset } of form.querySelectorAll("[data-unkept]")) {
  refuse(dataset.question, stored.get(dataset.question));
  stored.set(dataset.question, "");
}

function refuse(id, text) {
  refused.set(id, text);
  if (wrapperOf(form, id)?.hasAttribute("data-refuses")) pageOnly.add(id);
}

function admit(id) {
  refused.delete(id);
  pageOnly.delete(id);
}

function changed() {
  const now = [...answersOf(form, marks.keys())].filter(([id]) => touched || stored.get(id) !== "");
  return now.filter(([id, text]) => text !== stored.get(id) && text !== refused.get(id));
}

const waiting = () => changed().filter(([id]) => !disputed.has(id));

function keep() {
  if (!keeping) return;
  const at = new Date().toISOString();
  const pending = restoring ? [] : [...changed(), ...answersOf(form, refused.keys())].filter(([id]) => !pageOnly.has(id));
  const answers = Object.fromEntries(pending.map(([id, text]) => [id, { at, mark: marks.get(id), text }]));
  const all = { ...left, ...answers };
  write(copyName, Object.keys(all).length ? { answers: all } : null);
}

function schedule(wait = PAUSE) {
  clearTimeout(timer);
  if (!over && !signedOut && (request || !restoring)) timer = setTimeout(flush, wait);
}

function flush() {
  clearTimeout(timer);
  flight ??= send().finally(() => {
    flight = null;
  });
  return flight;
}

function pack(answers, seen = marks) {
  const body = new URLSearchParams();
  for (const [, text] of answers) for (const entry of JSON.parse(text)) body.append(...entry);
  body.set("seen", answers.map(([id]) => `${id}:${seen.get(id)}`).join(" "));
  return { body: body.toString(), sent: new Map(answers) };
}

async function send() {
  const answers = restoring ? [] : waiting();
  request ??= answers.length ? pack(answers) : null;
  if (!request || over || signedOut) return;
  say("Saving", "wait");
  let response;
  let answer = {};
  try {
    const headers = {
      Accept: "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
      "X-CSRFToken": token,
    };
    const signal = AbortSignal.timeout(TIMEOUT);
    response = await fetch(form.dataset.autosave, { method: "POST", headers, body: request.body, signal, keepalive: request.body.length < 60_000 });
    if (response.headers.get("Content-Type")?.includes("json")) answer = await response.json();
  } catch {
    return failed();
  }
  if (response.status === 401 || answer.error === "token") return signIn();
  if (response.status >= 500 || response.status === 429) return failed();
  if (response.ok || answer.conflicts) return accept(answer);
  request = null;
  over = answer.reason || "This page can no longer save. Copy what you typed, then open your application again.";
  say("Not saved.", "bad", over);
}

// Once somebody has signed out in another tab, nothing is kept beyond the page; nor is what may identify a patient.
const whereKept = () => (keeping && !pageOnly.size ? "What you typed is kept on this device." : "What you typed stays on this page alone.");

function failed() {
  tries += 1;
  const offline = navigator.onLine === false;
  const note = offline ? "We save it as soon as you are back." : "We keep trying.";
  say(offline ? "No connection." : "Could not save.", "bad", `${whereKept()} ${note}`);
  schedule(Math.min(LONGEST_WAIT, 1000 * 2 ** tries) * (0.75 + Math.random() / 2));
}

async function signIn() {
  if (signedOut) return;
  signedOut = true;
  say("Not saved: you are signed out.", "bad", "What you typed stays here. Sign in below to save it.");
  token = await signInAgain(panel, location.pathname, form.dataset.person);
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
  signedOut = false;
  keeping = true;
  schedule(0);
}

function accept(answer) {
  const { sent } = request;
  request = null;
  tries = 0;
  words = answer.saved;
  if (restoring) return restored(answer, sent);
  for (const [id, text] of sent) {
    if (answer.refused[id]) refuse(id, text);
    else if (!answer.conflicts.some((each) => String(each.id) === id)) {
      admit(id);
      stored.set(id, text);
      marks.set(id, answer.marks[id] ?? marks.get(id));
    }
  }
  form.elements.seen.value = writeMarks(marks);
  for (const conflict of answer.conflicts) dispute(conflict, sent.get(String(conflict.id)));
  for (const [id, problems] of Object.entries(answer.problems)) showProblem(form, id, problems[0]);
  for (const [id, sentence] of Object.entries(answer.refused)) showProblem(form, id, sentence, true);
  keep();
  if (waiting().length) schedule();
  else settled();
}

function settled() {
  if (disputed.size) {
    say(words, "bad", "One answer has two versions: choose which to keep.");
  } else if (refused.size) {
    const what = refused.size === 1 ? "One answer is" : `${refused.size} answers are`;
    say(words, "bad", `${what} not saved: what to change stands beside it.`);
  } else {
    say(words);
    form.dispatchEvent(new CustomEvent("portal:saved", { bubbles: true }));
  }
}

// Both texts of an answer, at its place, with a button for each.
function dispute(conflict, text) {
  const id = String(conflict.id);
  disputed.set(id, conflict);
  document.getElementById(`versions-${id}`)?.remove();
  const made = document.querySelector("[data-versions]").content.firstElementChild.cloneNode(true);
  made.id = `versions-${id}`;
  made.querySelector("legend").textContent = `Two versions: ${labelOf(form, id) || conflict.label}`;
  if (conflict.by) made.querySelector("[data-by]").textContent = `${conflict.by} changed it`;
  for (const which of ["mine", "theirs"]) {
    made.querySelector(`[data-text=${which}]`).textContent = conflict[which] || "No answer";
    made.querySelector(`[data-keep=${which}]`).addEventListener("click", () => choose(which, conflict, text));
  }
  (wrapperOf(form, id) ?? form).prepend(made);
}

async function choose(which, conflict, text) {
  const id = String(conflict.id);
  document.getElementById(`versions-${id}`).remove();
  disputed.delete(id);
  if (restoring) return chooseRestored(which, conflict, text);
  marks.set(id, conflict.mark);
  form.elements.seen.value = writeMarks(marks);
  form.querySelector(`[name="q${id}"], [name^="q${id}-"]`)?.focus();
  if (which === "mine") return flush();
  const placed = place(form, id, conflict.raw);
  if (placed) stored.set(id, answersOf(form, [id]).get(id));
  keep();
  if (waiting().length) await flush();
  if (!placed) return reload();
  if (!waiting().length) settled();
}

function reload() {
  if (refused.size) return settled();
  form.dispatchEvent(new CustomEvent("portal:saved", { bubbles: true }));
  location.reload();
}

function restored(answer, sent) {
  const taken = [];
  for (const [id, text] of sent) {
    if (answer.conflicts.some((each) => String(each.id) === id)) continue;
    delete left[id];
    if (answer.refused[id]) putBack(id, text, answer.refused[id]);
    else taken.push([id, text]);
  }
  for (const conflict of answer.conflicts) dispute(conflict, sent.get(String(conflict.id)));
  keep();
  if (disputed.size) say(words, "bad", "One answer has two versions: choose which to keep.");
  else if (refused.size) stay(taken, answer.marks);
  else reload();
}

const placeSent = (id, text) => place(form, id, JSON.parse(text).map(([, value]) => value));

// What the server refused of an earlier visit goes into its control, to be put right there.
function putBack(id, text, reason) {
  if (!placeSent(id, text)) return;
  refuse(id, answersOf(form, [id]).get(id));
  showProblem(form, id, reason, true);
}

// The page alone has what was refused, so it is not read anew: what was taken is put in, or else not sent again.
function stay(taken, now) {
  restoring = false;
  for (const [id, text] of taken) {
    if (placeSent(id, text)) {
      stored.set(id, answersOf(form, [id]).get(id));
      marks.set(id, now[id] ?? marks.get(id));
    } else marks.delete(id);
  }
  form.elements.seen.value = writeMarks(marks);
  settled();
}

function chooseRestored(which, { id, mark }, text) {
  if (which === "mine") {
    request = pack([[String(id), text]], new Map([[String(id), mark]]));
    return flush();
  }
  delete left[id];
  keep();
  if (!disputed.size) reload();
}

// Offers what an earlier visit left on this device, unless the server has it by now.
function offer() {
  for (const [id, { text }] of Object.entries(left)) if (!marks.has(id) || stored.get(id) === text) delete left[id];
  keep();
  const ids = Object.keys(left);
  const notice = document.querySelector("[data-restore]");
  if (!ids.length || !notice) return;
  const at = new Date(Math.max(...ids.map((id) => Date.parse(left[id].at))));
  const sameDay = at.toDateString() === new Date().toDateString();
  const day = sameDay ? {} : { month: "short", day: "numeric" };
  const when = new Intl.DateTimeFormat("en-US", { ...day, hour: "numeric", minute: "2-digit" }).format(at);
  notice.querySelector("[data-when]").textContent = when.replace(/\s?([AP])M/, (_, half) => ` ${half.toLowerCase()}m`);
  notice.querySelector("[data-what]").textContent = ids.map((id) => labelOf(form, id)).filter(Boolean).join("; ");
  notice.hidden = false;
  notice.querySelector("[data-yes]").addEventListener("click", async () => {
    notice.hidden = true;
    await flight;
    await flush();
    restoring = true;
    const seen = new Map(ids.map((id) => [id, left[id].mark]));
    request ??= pack(ids.map((id) => [id, left[id].text]), seen);
    flush();
  });
  notice.querySelector("[data-no]").addEventListener("click", () => {
    notice.hidden = true;
    left = {};
    keep();
    line.closest("[data-save-state]").scrollIntoView({ block: "nearest" });
  });
}

let keepTimer = 0;
function edited() {
  if (over || restoring) return;
  for (const id of refused.keys()) {
    if (answersOf(form, [id]).get(id) !== stored.get(id)) continue;
    admit(id); // it says again what is saved
    clearProblem(form, id);
  }
  if (!changed().length) return;
  clearTimeout(keepTimer);
  keepTimer = setTimeout(keep, KEEP_AFTER);
  if (!tries) schedule();
}

const toProfile = form.querySelector("[data-to-profile]");
for (const kind of ["input", "change", "click"]) {
  form.addEventListener(kind, ({ target }) => {
    touched ||= kind !== "click";
    if (toProfile && target.closest("[data-in-profile]")) toProfile.hidden = false; // what differs can be kept
    setTimeout(edited);
  }); // after rows were added or taken away
}

let passing = false;
form.addEventListener("submit", async (event) => {
  if (passing || over || (!flight && !request && !changed().length && navigator.onLine !== false)) return;
  event.preventDefault();
  if (signedOut) return panel.querySelector("input").focus();
  await flight; // its marks are older than what was typed since
  await flush();
  if (request || signedOut) return; // no connection, or signed out: the line says so
  passing = true;
  form.requestSubmit(event.submitter);
  passing = false;
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && waiting().length && !tries) {
    keep();
    flush();
  }
});
window.addEventListener("pagehide", keep);
window.addEventListener("online", () => (request || waiting().length ? schedule(0) : say(words)));
window.addEventListener("offline", () => {
  say("No connection.", "bad", `${whereKept()} We save it as soon as you are back.`);
});
channel?.addEventListener("message", ({ data }) => {
  if (data === "signed out") keeping = false;
});

offer();
edited();
