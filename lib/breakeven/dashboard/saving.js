// Charts as PNG and SVG: title, chart, day, sources and link in one picture, made in the browser.
// Text goes into the picture as text nodes, never as markup.
if (!window.breakevenSaving) {
  window.breakevenSaving = true;
  const NS = "http://www.w3.org/2000/svg", FONT = "Arial, Helvetica, sans-serif", EDGE = 16;
  const clean = (text) => (text || "").replace(/\u2060/g, "").replace(/\s+/g, " ").trim();

  function wrapped(text, font, room) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = font;
    const lines = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line ? `${line} ${word}` : word;
      if (pen.measureText(longer).width <= room) { line = longer; continue; }
      if (line) lines.push(line);
      line = "";
      for (const letter of word) {  // An address may be longer than a line.
        if (pen.measureText(line + letter).width > room) { lines.push(line); line = ""; }
        line += letter;
      }
    }
    return line ? [...lines, line] : lines;
  }

  function finding(chart) {
    const box = chart.closest(".stElementContainer");
    for (let at = box && box.previousElementSibling, step = 0; at && step < 2; at = at.previousElementSibling, step += 1) {
      const bold = at.querySelector("[data-testid=stMarkdownContainer] strong");
      if (bold) return clean(bold.textContent);
    }
    return "";
  }

  async function picture(chart) {
    const plot = chart.querySelector(".js-plotly-plot"), look = getComputedStyle(document.querySelector(".stApp"));
    const width = Math.max(plot.offsetWidth, 720), height = plot.offsetHeight;
    const layout = { ...plot.layout, font: { ...plot.layout.font, family: FONT } };
    const sent = await window.Plotly.toImage({ data: plot.data, layout }, { format: "svg", width, height });
    const parsed = new DOMParser().parseFromString(decodeURIComponent(sent.slice(sent.indexOf(",") + 1)), "image/svg+xml");
    const said = clean(chart.getAttribute("aria-label")), title = finding(chart) || said;
    const about = [...document.querySelectorAll(".breakeven-about")].pop().dataset;
    const cited = [...document.querySelectorAll(".breakeven-cite")].pop();
    const link = new URL(about.link, window.location.href).href;
    const sources = cited ? cited.dataset.names : "all of them stand on the page";
    const out = document.createElementNS(NS, "svg");
    let top = EDGE;
    const write = (text, size, bold) => {
      for (const line of wrapped(text, `${bold ? "bold " : ""}${size}px ${FONT}`, width)) {
        const item = document.createElementNS(NS, "text");
        top += size;
        for (const [name, value] of Object.entries({
          x: EDGE, y: top, fill: look.color, "font-family": FONT, "font-size": size, "font-weight": bold ? 700 : 400,
        })) item.setAttribute(name, value);
        item.textContent = line;
        out.append(item);
        top += Math.round(size * 0.35);
      }
    };
    write(title, 18, true);
    if (said && said !== title) write(said, 13);
    top += 8;
    const inner = out.appendChild(document.importNode(parsed.documentElement, true));
    inner.setAttribute("x", EDGE);
    inner.setAttribute("y", top);
    top += height + 8;
    write(`Breakeven, prices of ${about.day}. Sources: ${sources}.`, 12);
    write(link, 12);
    top += EDGE - 4;
    const paper = document.createElementNS(NS, "rect"), whole = width + 2 * EDGE;
    for (const [name, value] of Object.entries({ width: whole, height: top, fill: look.backgroundColor })) paper.setAttribute(name, value);
    out.prepend(paper);
    for (const [name, value] of Object.entries({ width: whole, height: top, viewBox: `0 0 ${whole} ${top}`, role: "img", "aria-label": title })) out.setAttribute(name, value);
    return { text: new XMLSerializer().serializeToString(out), width: whole, height: top, title };
  }

  async function png({ text, width, height }) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  }

  async function save(chart, format) {
    const made = await picture(chart);
    const blob = format === "png" ? await png(made) : new Blob([made.text], { type: "image/svg+xml" });
    const name = made.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "").slice(0, 60).replace(/-+$/, "");
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(blob);
    anchor.download = `breakeven-${name || "chart"}.${format}`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  }

  function offer(chart) {
    const row = document.createElement("div");
    row.className = "breakeven-save";
    for (const format of ["png", "svg"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = format.toUpperCase();
      button.setAttribute("aria-label", `Save this chart as ${format.toUpperCase()}`);
      button.addEventListener("click", async () => {
        try { await save(chart, format); button.textContent = "Saved"; }
        catch (fault) { console.error(fault); button.textContent = "Cannot be saved here"; }
        setTimeout(() => { button.textContent = format.toUpperCase(); }, 2000);
      });
      row.append(button);
    }
    chart.append(row);
  }

  let waiting = 0;
  const look = () => {
    waiting = 0;
    for (const plot of document.querySelectorAll("[data-testid=stPlotlyChart] .js-plotly-plot")) {
      const chart = plot.closest("[data-testid=stPlotlyChart]");
      if (!chart.querySelector(":scope > .breakeven-save")) offer(chart);
    }
  };
  const soon = () => { waiting = waiting || setTimeout(look, 250); };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  soon();
}
