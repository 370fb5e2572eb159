// Answers for the dashboard of a tab (pictures, uploads), keeps the files of the site for the next visit, and
// opens the live page for addresses that the host has no file for.
const BASE = new URL("./", self.location.href);
const OWN = /^(_stcore|media|uploads|component|st-metrics)(\/|$)/;
const KEPT = "breakeven-__VERSION__";
const LATE_MS = 120_000;

self.addEventListener("install", (event) => {
  const first = ["index.html", "shell.css", "shell.js", "page.js", "support.js"].map((name) => `live/${name}`);
  const begin = async () => {
    await (await caches.open(KEPT)).addAll(first.map((path) => new URL(path, BASE).href));
    await self.skipWaiting();
  };
  event.waitUntil(begin());
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("breakeven-") && name !== KEPT);
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
  else event.respondWith(path.startsWith("live/") ? kept(event.request) : freshFirst(event.request));
});

// Names of files below live/ carry the version of what is in them, in the name of this cache.
async function kept(request) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.status === 200) await keep(cache, request, answer.clone());
  return answer;
}

async function freshFirst(request) {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.status === 200) await keep(cache, request, answer.clone());
    return answer;
  } catch (error) {
    const found = await cache.match(request);
    if (found) return found;
    throw error;
  }
}

async function keep(cache, request, answer) {
  try {
    await cache.put(request, answer);
  } catch {
    // The visitor's disk is full, or the browser allows none: the site works without.
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
  const shell = await kept(new Request(new URL("live/index.html", BASE)));
  return shell.ok ? shell : answer ?? Response.error();
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
