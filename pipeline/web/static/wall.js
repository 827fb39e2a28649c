// A justified wall: pictures in their own shapes, in lines that fill the width. Arrows walk through it.
import { counted, fileName, h, note } from "./dom.js";
import { known, post, thumbnail } from "./api.js";
import { addTo, go, searchFor } from "./app.js";

export const chosen = new Map(); // row -> picture, of all walls
const GAP = 10;

export function tile(picture, { href = searchFor([String(picture.row)]), caption = fileName(picture.path), said = "", extra = [], choosable = true } = {}) {
  const name = String(picture.row);
  const image = h("img", { src: thumbnail(picture), alt: picture.path, loading: "lazy", decoding: "async", draggable: true });
  const link = h("a", { href, className: "open", dataset: { row: name }, title: said ? `${picture.path}\n${said}` : picture.path }, image);
  const act = (words, sign, work) => h("button", { type: "button", tabIndex: -1, title: words, ariaLabel: `${words}: ${picture.path}`, onclick: work }, sign);
  const check = h("input", { type: "checkbox", tabIndex: -1, checked: chosen.has(picture.row), ariaLabel: `Select ${picture.path}`, onchange: (event) => choose(picture, event.target.checked) });
  const figure = h("figure", { className: "pic", dataset: { row: name } },
    link,
    h("div", { className: "acts" },
      act("More like this", "+", () => addTo("like", name)),
      act("Less like this", "\u2212", () => addTo("unlike", name)),
      h("a", { href: `/picture/${name}`, tabIndex: -1, title: "About this picture", ariaLabel: `About ${picture.path}` }, "i")),
    choosable && h("label", { className: "check" }, check),
    h("figcaption", {}, caption, extra));
  figure.picture = picture;
  if (chosen.has(picture.row)) figure.classList.add("chosen");
  image.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("application/x-row", name);
    event.dataTransfer.effectAllowed = "copyLink";
  });
  return figure;
}

export class Wall {
  constructor({ height = 190, label = "Pictures" } = {}) {
    this.target = height;
    this.tiles = [];
    this.node = h("div", { className: "wall", role: "group", ariaLabel: label });
    this.node.addEventListener("keydown", (event) => walk(event, this.node));
    new ResizeObserver(() => this.lay()).observe(this.node);
  }

  add(tiles) { // one call is one stretch of lines
    this.tiles.push(...tiles);
    this.node.append(...tiles);
    this.lay();
  }

  clear() {
    this.tiles = [];
    this.node.replaceChildren();
  }

  lay() {
    const width = this.node.clientWidth;
    if (!width) return;
    const target = width < 560 ? Math.min(this.target, 138) : this.target;
    let line = [], sum = 0;
    const set = (line, height) => line.forEach(([figure, aspect]) => {
      figure.style.width = `${Math.floor(aspect * height * 100) / 100}px`;
      figure.style.setProperty("--h", `${height}px`);
    });
    for (const figure of this.tiles) {
      const aspect = Math.min(Math.max(figure.picture.width / figure.picture.height, 0.4), 3.2);
      line.push([figure, aspect]);
      sum += aspect;
      const height = (width - GAP * (line.length - 1) - 0.5) / sum;
      if (height <= target) { set(line, height); line = []; sum = 0; }
    }
    if (line.length) set(line, Math.min(target, (width - GAP * (line.length - 1) - 0.5) / sum));
  }
}

function walk(event, wall) { // with the arrows, to the nearest in that direction
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const now = event.target.closest(".pic"), link = now?.querySelector("a.open");
  if (!now || event.target !== link) return;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (steps) {
    event.preventDefault();
    const all = [...document.querySelectorAll("main .wall .pic")], place = all.indexOf(now);
    let next = null;
    if (steps[0]) next = all[place + steps[0]];
    else {
      const middle = (figure) => { const box = figure.getBoundingClientRect(); return [box.x + box.width / 2, box.y]; };
      const [x, y] = middle(now);
      let least = Infinity;
      for (const other of all) {
        const [u, v] = middle(other), ahead = (v - y) * steps[1];
        if (ahead > 4 && ahead * 1000 + Math.abs(u - x) < least) [next, least] = [other, ahead * 1000 + Math.abs(u - x)];
      }
    }
    next?.querySelector("a.open").focus();
    next?.scrollIntoView({ block: "nearest" });
  } else if (event.key === " ") {
    event.preventDefault();
    choose(now.picture, !chosen.has(now.picture.row));
  } else if (event.key === "+" || event.key === "=") addTo("like", now.dataset.row);
  else if (event.key === "-") addTo("unlike", now.dataset.row);
  else if (event.key === "i") go(`/picture/${now.dataset.row}`);
}

export function choose(picture, on) {
  if (on) chosen.set(picture.row, picture); else chosen.delete(picture.row);
  for (const figure of document.querySelectorAll(`.pic[data-row="${picture.row}"]`)) {
    figure.classList.toggle("chosen", on);
    const check = figure.querySelector(".check input");
    if (check) check.checked = on;
  }
  showTray();
}

export function chooseMany(pictures, { add = false } = {}) {
  if (!add) chooseNone();
  for (const picture of pictures) chosen.set(picture.row, picture);
  showTray();
}

export function picker() { // where nothing hovers: shows the buttons on every picture, or hides them
  const button = h("button", { type: "button", className: "quiet touch-only", ariaPressed: String(document.body.classList.contains("picking")), onclick: () => {
    button.ariaPressed = String(document.body.classList.toggle("picking"));
  } }, "Select or mix");
  return button;
}

export function chooseNone() {
  for (const picture of [...chosen.values()]) choose(picture, false);
}

async function fetched(kind, query = "") {
  try {
    const made = await post("/api/selections", { version: known.status.version, rows: [...chosen.keys()] });
    location.assign(`/api/selections/${made.id}.${kind}${query}`);
  } catch (error) { note(error.message, { warned: true }); }
}

export function showTray() {
  const tray = document.getElementById("tray");
  tray.hidden = !chosen.size;
  document.body.classList.toggle("choosing", chosen.size > 0);
  if (!chosen.size) return;
  const button = (words, work) => h("button", { type: "button", className: "quiet", onclick: work }, words);
  const names = [...chosen.keys()].slice(0, 50).map(String);
  tray.replaceChildren(
    h("b", {}, `${counted(chosen.size, "picture")} selected`),
    button("Search with them", () => go(searchFor(names))),
    ...(chosen.size === 2 ? [button("Compare", () => go(`/compare?reference=${names[0]}&photo=${names[1]}`))] : []),
    button("CSV", () => fetched("csv")),
    button("Zip of originals", () => fetched("zip")),
    button("Zip of links", () => fetched("zip", "?hold=links")),
    button("Clear", chooseNone));
}
