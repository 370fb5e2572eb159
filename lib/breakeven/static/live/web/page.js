// In the page: the front end of the dashboard talks to the worker of this tab instead of a server.
import { AS_IT_IS, NO_SERVICE, cannot, services } from "./support.js";

export { cannot };

const here = new URL(".", import.meta.url);
const base = new URL("..", here);
const OWN = /^(_stcore|media|uploads|component|st-metrics)(\/|$)/;

// What the dashboard would answer by itself, as a path below its root; null: a plain file, or another site.
export function ownPath(address) {
  const url = new URL(address, document.baseURI);
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return null;
  const path = url.pathname.slice(base.pathname.length);
  return OWN.test(path) ? `/${path}` : null;
}

let worker = null;
let hear = {};
let toldLast = null;
let last = 0;
const sockets = new Map();
const waiting = new Map();

let preparing = null;

/** Begin to fetch and to start what answers, before anybody asks for it. */
export function prepare() {
  preparing ??= prepared();
  return preparing;
}

async function prepared() {
  if (cannot()) return;
  await serviceReady();  // first: it keeps what the worker fetches
  worker = new Worker(new URL("worker.js", here));
  const broken = (reason) => {
    toldLast = { kind: "failed", reason };
    hear.failed?.(reason);
  };
  worker.onerror = (event) => broken(event.message || "The worker of this tab did not start.");
  const heard = {
    progress: (m) => {
      toldLast = m;
      hear.progress?.(m);
    },
    failed: (m) => broken(m.reason),
    accepted: ({ id, value }) => sockets.get(id)?.accepted(value),
    sent: ({ id, value }) => sockets.get(id)?.heard(value),
    closed: ({ id, value }) => sockets.get(id)?.closed(value),
    answer: (m) => {
      waiting.get(m.id)?.(m);
      waiting.delete(m.id);
    },
    mark: ({ name, ms }) => performance.mark(`breakeven-${name}`, { detail: ms }),
  };
  worker.onmessage = ({ data }) => heard[data.kind]?.(data);
}

function ask(method, address, headers, body) {
  const url = new URL(address, document.baseURI);
  return new Promise((answered) => {
    const id = ++last;
    waiting.set(id, answered);
    const path = ownPath(url);
    worker.postMessage({ kind: "http", id, method, path, query: url.search.slice(1), headers, body });
  });
}

class Socket extends EventTarget {
  constructor(address, protocols) {
    super();
    Object.assign(this, { id: ++last, url: String(address), readyState: 0, binaryType: "blob", protocol: "" });
    Object.assign(this, { bufferedAmount: 0, extensions: "" });
    sockets.set(this.id, this);
    const path = ownPath(this.url.replace(/^ws/, "http"));
    const query = new URL(this.url).search.slice(1);
    worker.postMessage({ kind: "open", id: this.id, path, query, protocols: [].concat(protocols ?? []) });
  }

  tell(name, event) {
    this[`on${name}`]?.(event);
    this.dispatchEvent(event);
  }

  accepted(protocol) {
    Object.assign(this, { readyState: 1, protocol });
    this.tell("open", new Event("open"));
  }

  heard(data) {
    const whole = typeof data === "string" ? data : this.binaryType === "blob" ? new Blob([data]) : data.buffer;
    this.tell("message", new MessageEvent("message", { data: whole }));
  }

  closed(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    sockets.delete(this.id);
    this.tell("close", new CloseEvent("close", { code, wasClean: true }));
  }

  send(data) {
    const bytes = data instanceof Uint8Array ? data.slice() : new Uint8Array(data);
    worker.postMessage({ kind: "data", id: this.id, data: bytes }, [bytes.buffer]);
  }

  close(code = 1000) {
    if (this.readyState >= 2) return;
    worker.postMessage({ kind: "close", id: this.id });
    this.closed(code);
  }
}

// Take the place of the network for what the dashboard answers; everything else goes its way.
function standIn() {
  const Plain = window.WebSocket;
  window.WebSocket = new Proxy(Plain, {
    construct: (target, given) =>
      ownPath(String(given[0]).replace(/^ws/, "http")) ? new Socket(...given) : new target(...given),
  });
  const plainFetch = window.fetch;
  window.fetch = async (what, options) => {
    const request = new Request(what, options);
    if (ownPath(request.url) === null) return plainFetch(what, options);
    const empty = ["GET", "HEAD"].includes(request.method);
    const body = empty ? null : new Uint8Array(await request.arrayBuffer());
    return asResponse(await ask(request.method, request.url, [...request.headers], body), request.method);
  };
  // Uploads are named from the root of the host, wherever the site stands on it.
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    const { origin, pathname, search } = new URL(address, document.baseURI);
    const ours = origin === base.origin && OWN.test(pathname.slice(1));
    return open.call(this, method, ours ? new URL(pathname.slice(1) + search, base) : address, ...rest);
  };
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function () {
    if (ownPath(this.href) === null) click.call(this);
    else save(this, click);
  };
  navigator.serviceWorker.addEventListener("message", async ({ data, ports }) => {
    const answer = await ask(data.method, data.address, data.headers, data.body && new Uint8Array(data.body));
    ports[0].postMessage(answer);
  });
}

function asResponse({ status, headers, body }, method) {
  const none = [101, 204, 205, 304].includes(status) || method === "HEAD";
  return new Response(none ? null : body, { status, headers });
}

// A download: the browser would ask the network for it, which a service worker may not answer everywhere.
async function save(link, click) {
  const answer = await window.fetch(link.href);
  const said = answer.headers.get("content-disposition") ?? "";
  const copy = document.createElement("a");
  copy.href = URL.createObjectURL(await answer.blob());
  copy.download = link.download || /filename="?([^";]+)/.exec(said)?.[1] || "download";
  click.call(copy);
  setTimeout(() => URL.revokeObjectURL(copy.href), 60_000);
}

// The service worker answers for pictures and uploads, and keeps the files for the next visit.
async function serviceReady() {
  const service = services();
  const script = new URL("sw.js", base);
  let registered;
  try {
    // Asked of the host itself: a cache on the way may be older than the pages.
    registered = await service.register(script, { scope: base.pathname, updateViaCache: "none" });
  } catch (error) {
    throw new Error(await whyRefused(script, error));
  }
  if (!registered) throw new Error(`${NO_SERVICE}: ${AS_IT_IS}`);
  // Without a network there is none newer.
  if (registered.active && !registered.installing) await registered.update().catch(() => {});
  const next = registered.installing ?? registered.waiting;
  if (next) await activated(next);
  if (service.controller) return;
  const controlled = new Promise((go) => service.addEventListener("controllerchange", go, { once: true }));
  registered.active.postMessage("claim");  // a page that was reloaded past it has none
  await within(controlled, LATE_MS, "The service worker of this site does not take this page: reload it.");
}

const LATE_MS = 30_000;

// A newer one takes the place of the older first, so that a page has the files of one version.
async function activated(next) {
  const done = new Promise((go, fail) => {
    const look = () => {
      if (next.state === "activated") go();
      if (next.state === "redundant") fail(new Error("The service worker of this site cannot be installed: reload the page."));
    };
    next.addEventListener("statechange", look);
    look();
  });
  await within(done, LATE_MS, "The service worker of this site does not start: close its other tabs and reload the page.");
}

function within(promise, ms, reason) {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(reason)), ms));
  return Promise.race([promise, late]);
}

// The browser's own words name the fault of a host badly, or not at all.
async function whyRefused(script, error) {
  const answer = await fetch(script, { cache: "no-store" }).catch(() => null);
  const kind = answer?.headers.get("content-type") ?? "";
  if (answer && (!answer.ok || answer.redirected || !/javascript/.test(kind))) {
    const said = answer.ok ? (answer.redirected ? "another page" : `'${kind}'`) : answer.status;
    return `The host answers ${script.pathname} with ${said}, where it must answer with a script: ${AS_IT_IS}`;
  }
  return `${NO_SERVICE} (${error?.message ?? error}): ${AS_IT_IS}`;
}

// Put the front end into the page; it finds its address and its files in what is told to it.
async function mount(root) {
  const ui = await (await fetch(new URL("ui.json", here))).json();
  window.__streamlit = { BACKEND_BASE_URL: base.href, MAIN_PAGE_BASE_URL: base.href };
  for (const one of ui.styles) document.head.append(tag("link", { rel: "stylesheet", href: one }));
  for (const one of ui.modules) document.head.append(tag("link", { rel: "modulepreload", href: one }));
  root.id = "root";
  document.body.append(tag("script", { type: "module", src: ui.start }));
}

function tag(name, { href, src, ...rest }) {
  const address = href ? { href: new URL(href, here).href } : { src: new URL(src, here).href };
  return Object.assign(document.createElement(name), rest, address);
}

/** Start the dashboard in `root`, which is shown by the caller once this is done; false: it failed, and why was told. */
export async function start(root, { progress = () => {}, failed = () => {} } = {}) {
  try {
    await begin(root, progress);
    return true;
  } catch (error) {
    failed(String(error?.message ?? error));
    return false;
  }
}

async function begin(root, progress) {
  const reason = cannot();
  if (reason) throw new Error(reason);
  const broken = new Promise((_, fail) => {
    hear = { progress, failed: (why) => fail(new Error(why)) };
  });
  if (toldLast?.kind === "failed") throw new Error(toldLast.reason);
  if (toldLast) progress(toldLast);
  const up = async () => {
    await prepare();
    standIn();
    await mount(root);
    await answered(root);
  };
  await Promise.race([up(), broken]);
  hear = { failed: (why) => stopped(why) };
}

// What ends later has no line of progress to say so in, and a dashboard that answers nothing says nothing itself.
function stopped(why) {
  const bar = document.createElement("p");
  bar.className = "live-stopped";
  bar.setAttribute("role", "alert");
  bar.textContent = `The dashboard has stopped in this tab (${why.slice(0, 200)}). Reload the page to start it again.`;
  document.body.prepend(bar);
}

// The first run of the page is over: Streamlit writes the state of its script on its outermost element.
function answered(root) {
  return new Promise((done) => {
    const look = () => {
      const app = root.querySelector("[data-testid=stApp]");
      if (app?.dataset.testScriptState !== "notRunning" || !root.querySelector("h1, h2, h3")) return;
      watch.disconnect();
      done();
    };
    const watch = new MutationObserver(look);
    watch.observe(root, { subtree: true, childList: true, attributes: true });
    look();
  });
}
