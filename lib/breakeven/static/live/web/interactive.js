// On a page that was written beforehand: the button that makes it the dashboard itself, and the dashboard at once
// where the link asks for what was not written.
import { cannot, prepare, start } from "./page.js";

const page = document.documentElement;
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function make(name, parent, more = {}) {
  const made = Object.assign(document.createElement(name), more);
  parent.append(made);
  return made;
}

const box = make("div", document.createDocumentFragment(), { className: "live-offer" });
const button = make("button", box, { type: "button", textContent: "Make it interactive", className: "breakeven-button" });
const line = make("p", box);
line.setAttribute("role", "status");
line.dataset.liveLine = "";
const said =
  "The whole dashboard then runs in this tab: every input, and your own usage files, " +
  "which are priced here and sent nowhere.";

function progress({ loaded, total, doing }) {
  line.textContent = loaded < total ? `${doing}: ${megabytes(loaded)} of ${megabytes(total)} MB` : `${doing} …`;
}

function failed(reason) {
  line.textContent = reason;
  line.setAttribute("role", "alert");
  if (page.dataset.asks === "live") page.dataset.asks = "unread";
}

async function turn() {
  button.disabled = true;
  const root = make("div", document.body, { className: "live-hidden" });
  line.textContent = "Starting";
  if (!(await start(root, { progress, failed }))) {
    root.remove();
    return;
  }
  for (const one of document.querySelectorAll("body > .skip, body > input, body > .site, body > main")) one.remove();
  document.querySelector("link[rel=stylesheet][href$='site.css']")?.remove();
  document.body.className = "";
  root.className = "";
}

function offer() {
  const reason = cannot();
  line.textContent = reason || said;
  button.hidden = Boolean(reason);
  button.addEventListener("click", turn, { once: true });
  document.getElementById("main").prepend(box);
  if (reason) return;
  if (unwritten) answerHere();
  // Quietly, once the page stands: what was fetched is there when it is asked for.
  else if (!navigator.connection?.saveData) (window.requestIdleCallback ?? setTimeout)(() => prepare().catch(() => {}));
}

let unwritten = page.dataset.asks === "unwritten";
let offered = false;

function answerHere() {
  page.dataset.asks = "live";
  turn();
}

document.addEventListener("breakeven:unwritten", () => {
  unwritten = true;
  if (cannot()) return;
  page.dataset.asks = "live";
  if (offered) answerHere();
});

offer();
offered = true;
