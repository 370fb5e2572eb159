// What a link asks, on a host that only hands out files: the page that was written for it, or a plain
// word that there is none. Nothing here computes an answer, and no answer is shown that was not asked.
"use strict";
(() => {
  const root = document.documentElement, { up, page: written, folder: here } = root.dataset;
  const ANCHORS = { articles: ["claim", "claim"], numbers: ["numbers_rule", "number"] };

  function given(search) {
    const found = new Map();
    for (const [key, text] of new URLSearchParams(search)) if (!found.has(key)) found.set(key, text);
    return found;
  }

  // The same as `answers` of questions.py: what is left out has the value of its version.
  function differing(site, one, page, asked) {
    const usual = site.versions[asked.get("v")] || site.versions[site.newest];
    const own = (key) => key === "as_of" || (key in usual
      && (site.scenario.includes(key) || site.prefixes[page].some((start) => key.startsWith(start))));
    const full = {};
    for (const [key, text] of Object.entries(one.asked)) if (!own(key)) full[key] = text;
    for (const key of Object.keys(usual)) if (own(key)) full[key] = usual[key];
    for (const [key, text] of asked) if (!site.nothing.includes(key)) full[key] = text;
    return [...new Set([...Object.keys(full), ...Object.keys(one.asked)])]
      .filter((key) => full[key] !== one.asked[key])
      .map((key) => [key, full[key], one.asked[key]]);
  }

  function line(parent, name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  function say(site, page, near, differs) {
    const box = document.getElementById("elsewhere");
    line(box, "h1", "This copy has no page for this link");
    line(box, "p", `It holds answers that were written beforehand. The link asks ${site.titles[page]} for something else, `
      + "which a running dashboard answers: breakeven serve, then the same link there.");
    const list = document.createElement("ul");
    line(box, "p", "The nearest answer here differs in:");
    for (const [key, theirs, ours] of differs.slice(0, 12)) {
      line(list, "li", `${key}: the link says ${theirs === undefined ? "nothing" : theirs}, here it is ${ours === undefined ? "not asked" : ours}`);
    }
    if (differs.length > 12) line(list, "li", `and ${differs.length - 12} more`);
    box.append(list);
    const door = line(line(box, "p", ""), "a", `Show the nearest answer: ${site.titles[near.page]}`);
    door.href = up + (near.folder ? `${near.folder}/` : "");
    box.hidden = false;
  }

  function whenRead(act) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", act);
    else act();
  }

  async function find(page, search) {
    const site = await (await fetch(`${up}links.json`)).json(), asked = given(search);
    const pages = site.pages.filter((one) => one.page === page)
      .map((one) => ({ one, differs: differing(site, one, page, asked) }))
      .sort((a, b) => a.differs.length - b.differs.length);
    const { one, differs } = pages[0];
    if (differs.length) {
      root.dataset.asks = "unwritten";  // Whoever can answer it here does so, and shows it itself.
      document.dispatchEvent(new CustomEvent("breakeven:unwritten", { detail: { page, search } }));
      whenRead(() => { if (root.dataset.asks === "unwritten") say(site, page, one, differs); });
      return;
    }
    if (one.folder === here) { delete root.dataset.asks; return; }
    window.location.replace(up + (one.folder ? `${one.folder}/` : ""));
  }

  // A host that cannot rewrite answers an unknown address with 404.html.
  function lost() {
    const base = new URL(up, window.location.href).pathname, path = window.location.pathname;
    const rest = path.startsWith(base) ? path.slice(base.length).split("/").filter(Boolean) : [];
    const page = (rest[0] || "").replace(/\.html$/, "");
    if (page && root.dataset.pages.split(" ").includes(page)) {
      window.location.replace(`${up}${page}/${window.location.search}${window.location.hash}`);
    } else if (window.location.search.includes("v=")) window.location.replace(up + window.location.search);
  }

  const search = window.location.search, only = [...given(search).keys()];
  const [key, start] = ANCHORS[written] || [];
  if (here === "404") lost();
  else if (only.length === 1 && only[0] === key) {
    window.location.replace(`#${start}-${given(search).get(key)}`);
  } else if (only.length) {
    root.dataset.asks = "reading";
    find(written, search).catch(() => { root.dataset.asks = "unread"; });
  }

  // What an address points at may stand in a closed box.
  function open() {
    const at = window.location.hash.length > 1 && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    if (!at) return;
    for (let box = at.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    at.scrollIntoView();
  }
  window.addEventListener("hashchange", open);

  // The choice of words holds on the next page.
  whenRead(() => {
    open();
    const boxes = [...document.querySelectorAll("input.words")];
    const kept = (() => { try { return window.localStorage.getItem("breakeven-words"); } catch { return null; } })();
    for (const box of boxes) {
      if (box.id === kept) box.checked = true;
      box.addEventListener("change", () => { try { window.localStorage.setItem("breakeven-words", box.id); } catch { /* not kept */ } });
    }
  });
})();
