// Answers for the dashboard of a tab (pictures, uploads), keeps the files of the site for the next visit, and
// opens the live page for addresses that the host has no file for.
const BASE = new URL("./", self.location.href);
const OWN = /^(_stcore|media|uploads|component|st-metrics)(\/|$)/;
// Sites of one owner may share a host, and so one list of caches: the name says whose it is.
const OURS = `breakeven ${BASE.pathname} `;
const KEPT = `${OURS}__VERSION__`;
// These have the digest of what is in them in their names; the others are the same names in every version.
const LASTING = /^live\/([\w.-]+\.bin$|ui\/static\/)/;
const LATE_MS = 120_000;

self.addEventListener("install", (event) => {
  const first = ["index.html", "shell.css", "shell.js", "page.js", "support.js"].map((name) => `live/${name}`);
  const begin = async () => {
    await Promise.all(first.map((path) => freshFirst(new Request(new URL(path, BASE))).catch(() => {})));
    await self.skipWaiting();
  };
  event.waitUntil(begin());
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = (await caches.keys().catch(() => [])).filter((name) => name.startsWith(OURS) && name !== KEPT);
    await Promise.all(names.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== BASE.origin || !url.pathname.startsWith(BASE.pathname)) return;
  const path = url.pathname.slice(BASE.pathname.length);
  if (OWN.test(path)) event.respondWith(fromTab(event));
  else if (event.request.method !== "GET") return;
  else if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else event.respondWith(LASTING.test(path) ? kept(event.request) : freshFirst(event.request));
});

async function kept(request) {
  const found = await match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.status === 200 && !isPage(answer)) await keep(request, answer.clone());
  return answer;
}

// Asked of the host each time, so that all of them are of one version; kept for when there is no network.
async function freshFirst(request) {
  try {
    const answer = await fetch(request.mode === "navigate" ? request : new Request(request, { cache: "no-cache" }));
    if (answer.status === 200) await keep(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await match(request);
    if (found) return found;
    throw error;
  }
}

const isPage = (answer) => /^text\/html/.test(answer.headers.get("content-type") ?? "");

// The visitor's disk is full, or the browser keeps nothing: the site works without.
async function match(request) {
  try {
    return await (await caches.open(KEPT)).match(request);
  } catch {
    return undefined;
  }
}

async function keep(request, answer) {
  try {
    await (await caches.open(KEPT)).put(request, answer);
  } catch {
    // As above.
  }
}

// A page of the site as the host has it; without one, or without a network, the live page.
async function page(request) {
  let answer = null;
  try {
    answer = await freshFirst(request);
  } catch {
    answer = null;
  }
  if (answer && answer.status < 400) return answer;
  const shell = await freshFirst(new Request(new URL("live/index.html", BASE))).catch(() => null);
  return shell?.ok ? shell : answer ?? Response.error();
}

// The page that asks hands the question to its worker.
async function fromTab(event) {
  const { method, url, headers } = event.request;
  const client = event.clientId && (await self.clients.get(event.clientId));
  const tab = client || (await self.clients.matchAll({ type: "window" }))[0];
  if (!tab) return new Response("no tab is open", { status: 503 });
  const body = ["GET", "HEAD"].includes(method) ? null : await event.request.arrayBuffer();
  const channel = new MessageChannel();
  const answered = new Promise((done) => (channel.port1.onmessage = ({ data }) => done(data)));
  const late = new Promise((done) => setTimeout(() => done({ status: 504, headers: [], body: null }), LATE_MS));
  tab.postMessage({ method, address: url, headers: [...headers], body }, [channel.port2]);
  const answer = await Promise.race([answered, late]);
  const empty = [204, 205, 304].includes(answer.status);
  return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
}
