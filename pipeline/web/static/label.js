// Label: drag pictures onto names; all others are labelled from them, with how sure that is. Nothing is written here.
import { counted, debounced, download, h, note, percent, quoted, shortPath } from "./dom.js";
import { get, known, post, thumbnail } from "./api.js";
import { Wall, tile } from "./wall.js";

const SHOWN = 60;
const state = { version: "", names: [], given: new Map(), active: 0, view: "next", pictures: new Map(), found: null }; // kept while the page is open

export async function open() {
  if (state.version !== known.status.version) Object.assign(state, { version: known.status.version, given: new Map(), pictures: new Map(), found: null });
  const desk = new Desk();
  await desk.draw();
  if (state.given.size) desk.ask();
  return { node: desk.node, shown: () => desk.wall.lay(), leave: () => desk.leave() };
}

async function briefs(rows) { // in the order of rows
  const missing = rows.filter((row) => !state.pictures.has(row));
  if (missing.length) for (const one of (await get(`/api/pictures?rows=${missing.join(",")}&n=500`)).pictures) state.pictures.set(one.row, one);
  return rows.map((row) => state.pictures.get(row)).filter(Boolean);
}

class Desk {
  constructor() {
    this.bins = h("div", { className: "label-names", role: "group", ariaLabel: "Names" });
    this.wall = new Wall({ height: 150, label: "Pictures to label" });
    this.said = h("p", { className: "small", ariaLive: "polite" });
    this.views = h("div", { className: "buttons" });
    this.ask = debounced(() => this.asked(), 250);
    this.keys = (event) => this.key(event);
    addEventListener("keydown", this.keys);
    this.node = h("div", {},
      h("header", { className: "panel-head" }, h("h1", {}, "Label a few, get the rest"),
        h("p", { className: "lead" }, "Make two names or more. Drag pictures onto them; or choose a name, and click pictures. The rest is labelled from these at once, and you see how sure that is.")),
      h("div", { className: "label-desk" }, this.bins, h("div", {}, this.views, this.said, this.wall.node)));
  }

  leave() { removeEventListener("keydown", this.keys); }

  key(event) { // a number labels the picture in focus, or chooses the name
    if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const number = Number(event.key) - 1;
    if (!(number >= 0 && number < state.names.length)) return;
    const figure = event.target.closest?.(".pic");
    if (figure) {
      const next = figure.nextElementSibling?.querySelector("a.open");
      this.give(figure.picture, number);
      next?.focus();
    } else { state.active = number; this.drawBins(); }
  }

  async draw() {
    this.drawBins();
    this.drawViews();
    await this.drawWall();
  }

  drawBins() {
    const rows = (number) => [...state.given].filter(([, one]) => one === number).map(([row]) => row);
    const bin = (name, number) => {
      const node = h("button", { type: "button", className: "bin", ariaPressed: String(state.active === number), onclick: () => { state.active = number; this.drawBins(); } },
        h("b", {}, name, number < 9 && h("kbd", {}, String(number + 1))),
        h("span", { className: "small" }, counted(rows(number).length, "example"), state.found ? `, ${counted(this.share(name), "picture")} in all` : ""),
        h("span", { className: "minis" }, rows(number).slice(-12).map((row) => h("img", { src: thumbnail(state.pictures.get(row), 96), alt: "", title: state.pictures.get(row).path }))));
      for (const kind of ["dragover", "dragleave", "drop"]) {
        node.addEventListener(kind, (event) => {
          event.preventDefault();
          node.classList.toggle("over", kind === "dragover");
          const row = kind === "drop" ? event.dataTransfer.getData("application/x-row") : "";
          if (row) briefs([Number(row)]).then(([picture]) => picture && this.give(picture, number));
        });
      }
      return node;
    };
    const input = h("input", { type: "text", placeholder: state.names.length ? "another name" : "first name", ariaLabel: "A new name", maxLength: 100 });
    const form = h("div", { className: "new-name" }, input, h("button", { type: "button", className: "quiet", onclick: () => add() }, "Add"));
    const add = () => {
      const name = input.value.trim();
      if (!name) return input.focus();
      if (!state.names.includes(name)) state.names.push(name);
      state.active = state.names.indexOf(name);
      this.drawBins();
      this.bins.querySelector(".new-name input").focus();
    };
    input.onkeydown = (event) => { if (event.key === "Enter") add(); };
    this.bins.replaceChildren(...state.names.map(bin), form,
      state.given.size ? h("button", { type: "button", className: "link small", onclick: () => { state.given.clear(); state.found = null; this.draw(); } }, "Begin again") : "");
  }

  share(name) {
    const number = state.found.names.indexOf(name);
    return number < 0 ? 0 : state.found.labels.reduce((sum, one) => sum + (one === number), 0);
  }

  drawViews() {
    const view = (name, words) => h("button", { type: "button", className: "quiet", ariaPressed: String(state.view === name), onclick: () => { state.view = name; this.drawViews(); this.drawWall(); } }, words);
    this.views.replaceChildren(view("next", "Label these next"),
      ...(state.found ? state.found.names.map((name) => view(`name:${name}`, name)) : []),
      ...(state.found ? [view("unsure", "Least sure"), h("button", { type: "button", className: "main", onclick: () => this.take() }, "Download labels.csv")] : []));
  }

  async drawWall() {
    const { found } = state;
    let rows = [], words = "";
    if (state.view === "next" || !found) {
      words = found ? "These would help most." : "To begin with: pictures that stand for the groups.";
      rows = found ? found.helpful : await this.first();
    } else if (state.view === "unsure") {
      words = "The least sure first.";
      rows = [...found.labels.keys()].filter((row) => !state.given.has(row)).sort((a, b) => found.confidence[a] - found.confidence[b]).slice(0, SHOWN);
    } else {
      const number = found.names.indexOf(state.view.slice(5));
      const all = [...found.labels.keys()].filter((row) => found.labels[row] === number);
      rows = all.sort((a, b) => found.confidence[b] - found.confidence[a]).slice(0, SHOWN);
      words = `${counted(all.length, "picture")}, the surest first${all.length > SHOWN ? `; ${SHOWN} of them here` : ""}.`;
    }
    const pictures = await briefs(rows);
    const right = found?.accuracy === null || found?.accuracy === undefined ? "" : ` Of examples that were held back, ${percent(found.accuracy)} were labelled rightly.`;
    this.said.textContent = words + right;
    const focused = this.wall.tiles.findIndex((one) => one.contains(document.activeElement)); // stays at its place
    this.wall.clear();
    this.wall.add(pictures.map((one) => {
      const sure = found && !state.given.has(one.row);
      const caption = state.given.has(one.row) ? state.names[state.given.get(one.row)] : found ? `${found.names[found.labels[one.row]]} ${percent(found.confidence[one.row])}` : shortPath(one.path);
      const figure = tile(one, { href: `/picture/${one.row}`, caption, choosable: false });
      if (sure) figure.querySelector("a.open").after(h("span", { className: "sure", style: { "--share": String(found.confidence[one.row]) } }));
      figure.querySelector("a.open").addEventListener("click", (event) => {
        event.preventDefault();
        if (state.names.length) this.give(one, state.active); else { note("Make a name first, at the left."); this.bins.querySelector("input")?.focus(); }
      });
      return figure;
    }));
    if (focused >= 0) this.wall.tiles[Math.min(focused, this.wall.tiles.length - 1)]?.querySelector("a.open").focus();
  }

  async first() {
    if (!known.status.groups) return (await get("/api/pictures?n=40")).pictures.map((one) => { state.pictures.set(one.row, one); return one.row; });
    const { groups } = await get("/api/groups"), each = Math.max(1, Math.floor(40 / groups.length));
    return groups.flatMap((group) => group.pictures.slice(0, each)).map((one) => { state.pictures.set(one.row, one); return one.row; });
  }

  give(picture, number) {
    if (state.given.get(picture.row) === number) state.given.delete(picture.row); else state.given.set(picture.row, number);
    this.drawBins();
    const figure = this.wall.tiles.find((one) => one.picture.row === picture.row);
    if (figure) {
      figure.querySelector("figcaption").textContent = state.given.has(picture.row) ? `\u2713 ${state.names[number]}` : shortPath(picture.path);
      figure.classList.toggle("chosen", state.given.has(picture.row));
    }
    if (new Set(state.given.values()).size > 1) this.ask();
  }

  async asked() {
    this.said.textContent = "Labelling all pictures \u2026";
    try {
      state.found = await post("/api/labels", { version: state.version, examples: Object.fromEntries([...state.given].map(([row, number]) => [row, state.names[number]])) });
    } catch (error) {
      this.said.textContent = "";
      return note(error.message, { warned: true });
    }
    this.drawBins();
    this.drawViews();
    await this.drawWall();
  }

  async take() { // the one thing that leaves the page
    const { found } = state, all = [];
    for (let start = 0; start < found.labels.length; start += 500) {
      const some = await get(`/api/pictures?start=${start}&n=500`);
      if (some.version !== found.version) return note("The folder has been brought up to date since; load the page again.", { warned: true });
      all.push(...some.pictures);
    }
    const line = (one) => [one.path, found.names[found.labels[one.row]], found.confidence[one.row].toFixed(4), state.given.has(one.row) ? "yes" : "no"].map(quoted).join(",");
    download("labels.csv", ["path,label,confidence,example", ...all.map(line), ""].join("\n"), "text/csv");
  }
}
