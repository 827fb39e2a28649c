"use strict";
// What the page knows; arrays came as base64 of little-endian numbers.
const known = JSON.parse(document.getElementById("data").textContent);
const thumbnails = JSON.parse(document.getElementById("thumbnails").textContent);
const unpack = (text, Kind) => new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
const paths = known.paths;
const sizes = unpack(known.sizes, Uint32Array);
const groupOf = unpack(known.groups, Uint32Array);
const labelOf = unpack(known.labels, Uint32Array); // 0 is none
const neighbours = unpack(known.neighbours, Uint32Array);
const similarities = unpack(known.similarities, Int16Array);
const element = (id) => document.getElementById(id);
const labelName = (row) => (labelOf[row] ? known.labelNames[labelOf[row] - 1] : "");
const original = (row) => known.home + paths[row].split("/").map(encodeURIComponent).join("/");

// Sheets of thumbnails are decoded when they are first wanted.
const sheets = thumbnails.sources.map(() => null);
const perSheet = thumbnails.columns * thumbnails.rows;
function sheet(number) {
  if (!sheets[number]) {
    const image = new Image();
    image.decoding = "async";
    image.onload = () => document.dispatchEvent(new Event("thumbnails"));
    image.src = thumbnails.sources[number];
    sheets[number] = image;
  }
  return sheets[number];
}

function drawThumbnail(context, row, x, y, size) {
  const image = sheet(Math.floor(row / perSheet));
  if (!image.complete || !image.naturalWidth) return false;
  const place = row % perSheet, side = thumbnails.side;
  const column = place % thumbnails.columns, line = Math.floor(place / thumbnails.columns);
  context.drawImage(image, column * side, line * side, side, side, x, y, size, size);
  return true;
}

function thumbnail(row) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = thumbnails.side;
  const draw = () => drawThumbnail(canvas.getContext("2d"), row, 0, 0, thumbnails.side);
  if (!draw()) {
    const again = () => draw() && document.removeEventListener("thumbnails", again);
    document.addEventListener("thumbnails", again);
  }
  return canvas;
}

// Light, dark, or as the system has it.
const theme = element("theme");
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  theme.querySelector("span").textContent = name;
  try { localStorage.setItem("theme", name); } catch { /* no storage: it holds until the page is closed */ }
  document.dispatchEvent(new Event("theme"));
}
theme.addEventListener("click", () => {
  const names = ["auto", "light", "dark"];
  setTheme(names[(names.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3]);
});
theme.querySelector("span").textContent = document.documentElement.dataset.theme || "auto";

// The section that is being read is marked in the list of sections.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(entry.target.id).setAttribute("aria-current", "true");
  }
}, { root: document, rootMargin: "-20% 0px -70% 0px" });
document.querySelectorAll("section").forEach((section) => observer.observe(section));

// Tables: a click on a column's name sorts, a filter hides rows.
const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const rising = head.ariaSort ? head.ariaSort !== "ascending" : !numeric;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.ariaSort = rising ? "ascending" : "descending";
      const number = (text) => { const value = parseFloat(text.replaceAll(",", "")); return isNaN(value) ? -Infinity : value; };
      const compare = numeric ? (a, b) => number(a) - number(b) : (a, b) => a.localeCompare(b, "en", { numeric: true });
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (rising ? 1 : -1) * compare(valueOf(a, column), valueOf(b, column)));
      table.tBodies[0].append(...rows);
    });
  });
}
for (const input of document.querySelectorAll("input[data-filters]")) {
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const row of element(input.dataset.filters).tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
if (matchMedia("(max-width: 71.99rem)").matches) {
  document.querySelectorAll(".query-table").forEach((details) => { details.open = false; });
}
document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" }); // now that heights are as they stay

// The viewer: one picture, and what is most like it; each of those leads on.
const viewer = element("viewer"), visited = [];
function show(row, { back = false } = {}) {
  if (!back) visited.push(row);
  element("viewer-back").disabled = visited.length < 2;
  element("viewer-title").textContent = paths[row];
  const frame = element("viewer-frame"), image = new Image();
  frame.replaceChildren(thumbnail(row));
  frame.firstChild.setAttribute("role", "img");
  frame.firstChild.setAttribute("aria-label", paths[row]);
  image.alt = paths[row];
  image.onload = () => { if (visited.at(-1) === row) frame.replaceChildren(image); };
  image.src = original(row); // where it has gone, the thumbnail stays
  element("viewer-open").href = original(row);
  const facts = [["Group", groupOf[row]], ["Label", labelName(row)], ["Size", `${sizes[2 * row]} x ${sizes[2 * row + 1]} pixels`]];
  element("viewer-facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    return [term, text];
  }));
  element("viewer-map").onclick = () => { viewer.close(); showOnMap(row); };
  const items = [];
  for (let place = 0; place < known.depth; place++) {
    const other = neighbours[row * known.depth + place], similarity = similarities[row * known.depth + place] / 10000;
    const item = document.createElement("li"), button = document.createElement("button"), note = document.createElement("span");
    button.type = "button";
    button.className = "viewer-thumb";
    button.setAttribute("aria-label", `${paths[other]}, similarity ${similarity.toFixed(3)}`);
    button.title = paths[other];
    button.append(thumbnail(other));
    button.onclick = () => show(other);
    note.textContent = `${place + 1} · ${similarity.toFixed(3)}`;
    if (labelOf[row] && labelOf[other] === labelOf[row]) note.className = "same";
    item.append(button, note);
    items.push(item);
  }
  element("viewer-neighbours").replaceChildren(...items);
  if (!viewer.open) viewer.showModal();
  viewer.scrollTop = 0;
  element("viewer-title").focus();
}
element("viewer-back").onclick = () => { visited.pop(); show(visited.at(-1), { back: true }); };
element("viewer-close").onclick = () => viewer.close();
viewer.addEventListener("close", () => { visited.length = 0; });
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest(".open");
  if (button) show(Number(button.dataset.row));
});
