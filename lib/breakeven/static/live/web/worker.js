// The worker of a tab: starts Python and DuckDB from plain files, then answers as the server would.
// Loaded as a classic script, because Pyodide's loader brings its own pieces by importScripts.
import { openDuck } from "./duck.mjs";
import { fetchPart, unpack } from "./parts.mjs";

// A policy in a page does not hold for its worker, and not every host sends one: this asks the site and nobody else.
const ownOnly = (address) => {
  const { origin, protocol } = new URL(address, self.location.href);
  if (origin !== self.location.origin && !["data:", "blob:"].includes(protocol)) {
    throw new TypeError(`${origin} is another host: the dashboard in a tab asks none`);
  }
};
const [plainFetch, plainOpen, plainImport] = [self.fetch, XMLHttpRequest.prototype.open, self.importScripts];
self.fetch = async (what, ...rest) => {
  ownOnly(what?.url ?? what);
  return plainFetch(what, ...rest);
};
XMLHttpRequest.prototype.open = function (method, address, ...rest) {
  ownOnly(address);
  return plainOpen.call(this, method, address, ...rest);
};
self.importScripts = (...all) => {
  all.forEach(ownOnly);
  return plainImport.apply(self, all);
};
for (const name of ["WebSocket", "EventSource", "WebTransport", "RTCPeerConnection"]) delete self[name];

const say = (kind, more) => postMessage({ kind, ...more });
const here = new URL(".", self.location.href);
const t0 = performance.now();
const mark = (name) => say("mark", { name, ms: Math.round(performance.now() - t0) });

async function start() {
  const config = await (await fetch(new URL("config.json", here))).json();
  let loaded = 0;
  const progress = (bytes, doing) => {
    loaded += bytes;
    say("progress", { loaded, total: config.bytes, doing });
  };
  const part = (one) => fetchPart(new URL(one.file, here), one, progress);
  const parts = Object.fromEntries(Object.entries(config.parts).map(([name, one]) => [name, part(one)]));
  const packs = config.packs.map((one) => part(one).then((bytes) => ({ ...one, bytes })));
  // Pyodide and DuckDB ask for their own files by address; they are given those that are on the way already.
  const own = self.fetch;
  const given = {
    "pyodide.asm.wasm": [parts.python, "application/wasm"],
    "python_stdlib.zip": [parts.stdlib, "application/zip"],
    "duckdb.wasm": [parts.duckdb, "application/wasm"],
    "pyodide-lock.json": [Promise.resolve(new TextEncoder().encode(JSON.stringify(config.lock))), "application/json"],
  };
  self.fetch = async (what, ...rest) => {
    const name = String(what.url || what).split("/").pop();
    if (!(name in given)) return own(what, ...rest);
    const [bytes, type] = given[name];
    return new Response(await bytes, { headers: { "content-type": type } });
  };
  const duck = openDuck(new URL("duckdb.wasm", here).href).then((db) => (mark("duckdb"), db));
  importScripts(new URL("pyodide.js", here));
  const python = await loadPyodide({
    indexURL: here.href,
    env: { HOME: "/home/pyodide", BREAKEVEN_CACHE: "off", PYTHONNODEBUGRANGES: "1" },
    stdout: (line) => console.log(line),
    stderr: (line) => console.warn(line),
  });
  python._api.on_fatal = (error) => say("failed", { reason: String(error?.message ?? error) });
  mark("python");
  const sites = python.runPython("import site; site.getsitepackages()[0]");
  for (const one of await Promise.all(packs)) unpack(python.FS, one.bytes, sites);
  mark("unpacked");
  // What other libraries are linked against is loaded by name first, as Pyodide's own installer does.
  for (const one of config.libraries) await python._api.loadDynlib(`${sites}/${one}`, false, []);
  mark("libraries");
  self.duck = await duck;
  self.fetch = own;
  python.FS.writeFile("/tables.duckdb", await parts.tables, { canOwn: true });
  self.fetchLater = (name) => fetchAtOnce(new URL(config.later[name].file, here));
  self.nameLibrary = (path) => {
    const known = python._module.LDSO.loadedLibsByName;
    known[path.split("/").pop()] ??= known[path];
  };
  self.python = python;
  self.toPage = (kind, id, value) => say(kind, { id, value });
  say("progress", { loaded: config.bytes, total: config.bytes, doing: "Starting the dashboard" });
  const bridge = python.pyimport("breakeven_tab");
  mark("ready");
  return bridge;
}

// Python that imports cannot wait for an answer, so this asks at once; a worker may.
function fetchAtOnce(address) {
  const asked = new XMLHttpRequest();
  asked.open("GET", address, false);
  asked.responseType = "arraybuffer";
  asked.send();
  if (asked.status !== 200) throw new Error(`${address.pathname} cannot be fetched: the host answers ${asked.status}. Reload the page: the site may be newer.`);
  return new Uint8Array(asked.response);
}

const ready = start();
ready.catch((error) => say("failed", { reason: String((error && error.message) || error) }));

const answers = {
  open: (bridge, m) => bridge.open_socket(m.id, m.path, m.query, m.protocols),
  data: (bridge, m) => bridge.take(m.id, m.data),
  close: (bridge, m) => bridge.close_socket(m.id),
  http: async (bridge, m) => {
    const [status, headers, body] = await bridge.http(m.method, m.path, m.query, m.headers, m.body);
    say("answer", { id: m.id, status, headers, body });
  },
};

self.onmessage = async ({ data: m }) => {
  try {
    await answers[m.kind](await ready, m);
  } catch (error) {
    console.error(error);
    if (m.kind === "http") say("answer", { id: m.id, status: 500, headers: [], body: new Uint8Array() });
    else say("closed", { id: m.id, value: 1011 });
  }
};
