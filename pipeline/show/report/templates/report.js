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
const bytesOf = unpack(known.bytes, Float64Array), timeOf = unpack(known.times, Float64Array); // 0 where it is unknown
const distanceOf = unpack(known.distances, Float32Array), rankOf = unpack(known.ranks, Uint32Array); // -1 and 0 of none
const copiesOf = new Map(known.copies.flatMap((group) => group.rows.map((row) => [row, group])));
const element = (id) => document.getElementById(id);
const labelName = (row) => (labelOf[row] ? known.labelNames[labelOf[row] - 1] : "");
const hashOf = (row) => `#picture/${encodeURIComponent(paths[row])}`;
const plain = (text) => text.normalize("NFC").toLowerCase(); // names of macOS are decomposed
function rowsOf(words) { // pictures whose path, label or group holds them
  const wanted = plain(words.trim());
  const fits = (row) => plain(`${paths[row]}\n${labelName(row)}\ngroup ${groupOf[row]}\n`).includes(/^group \d+$/.test(wanted) ? `${wanted}\n` : wanted);
  return wanted ? [...paths.keys()].filter(fits) : [];
}
const original = (row) => known.home + paths[row].split("/").map(encodeURIComponent).join("/");

// Sheets of thumbnails are decoded when they are first wanted.
const sheets = thumbnails.sources.map(() => null);
const sheetOf = unpack(thumbnails.sheets, Uint16Array), placeOf = unpack(thumbnails.places, Uint32Array);
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
  const image = sheet(sheetOf[row]);
  if (!image.complete || !image.naturalWidth) return false;
  const place = placeOf[row], side = thumbnails.side;
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

// The viewer: one picture, and what is most like it; each of those leads on, arrows to the ones beside it in the folder.
const viewer = element("viewer"), visited = [];
let sequence = null; // the rows that arrows go through; all, in their order, where it is none
function picture(row, note, { among = null, same = false } = {}) { // a thumbnail that opens it, with words below
  const item = document.createElement("li"), button = document.createElement("button"), words = document.createElement("span");
  button.type = "button";
  button.className = "viewer-thumb";
  button.setAttribute("aria-label", `${paths[row]}, ${note}`);
  button.title = paths[row];
  button.append(thumbnail(row));
  button.onclick = () => show(row, { among });
  words.textContent = note;
  if (same) words.className = "same";
  item.append(button, words);
  return item;
}
function copiesIn(row) { // buttons for the other pictures of its group of copies
  const group = copiesOf.get(row);
  if (!group) return "";
  const others = group.rows.filter((other) => other !== row).slice(0, 12);
  return others.map((other) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = paths[other] + (group.kept.includes(other) ? " (to keep)" : group.unsure.includes(other) ? " (unsure)" : "");
    button.onclick = () => show(other);
    return button;
  });
}
function unusualness(row) {
  if (!rankOf[row] || distanceOf[row] < 0) return "";
  const words = [`${distanceOf[row].toFixed(3)} to the nearest that is no copy`, `rank ${rankOf[row].toLocaleString("en")} of ${known.rankCount.toLocaleString("en")}`];
  return [...words, ...(distanceOf[row] > known.standsOutFrom ? ["it stands out"] : [])].join("; ");
}
function factsOf(row) {
  const bytes = bytesOf[row], unit = bytes < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  const size = [`${sizes[2 * row]} x ${sizes[2 * row + 1]} pixels`, ...(bytes ? [`${(bytes / unit[0]).toPrecision(3)} ${unit[1]}`] : [])];
  const changed = timeOf[row] ? new Date(1000 * timeOf[row]).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : "";
  return [["Path", `${known.dataset.replace(/[/]+$/, "")}/${paths[row]}`], ["Size", size.join(", ")], ["Changed", changed], ["Group", groupOf[row]],
    ["Label", labelName(row)], [copiesOf.get(row)?.unsure.includes(row) ? "Perhaps a copy of" : "Copy of", copiesIn(row)], ["Distance", unusualness(row)]];
}
function show(row, { back = false, among = null } = {}) {
  if (!back) visited.push(row);
  if (among) sequence = among;
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
  element("viewer-facts").replaceChildren(...factsOf(row).filter(([, value]) => value && value.length !== 0).flatMap(([name, value]) => {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name;
    text.append(...[value].flat());
    return [term, text];
  }));
  element("viewer-map").onclick = () => { viewer.close(); showOnMap(row); };
  const items = [];
  for (let place = 0; place < known.depth; place++) {
    const other = neighbours[row * known.depth + place], similarity = similarities[row * known.depth + place] / 10000;
    items.push(picture(other, `${place + 1} · ${similarity.toFixed(3)}`, { same: labelOf[row] && labelOf[other] === labelOf[row] }));
  }
  element("viewer-neighbours").replaceChildren(...items);
  element("viewer-link").href = hashOf(row);
  setHash(hashOf(row));
  if (!viewer.open) viewer.showModal();
  viewer.scrollTop = 0;
  element("viewer-title").focus();
}
function step(by) { // to the one beside it, which takes its place among those visited
  const row = visited.pop(), order = sequence?.includes(row) ? sequence : null, last = (order || paths).length;
  const place = ((order ? order.indexOf(row) : row) + by + last) % last;
  show(order ? order[place] : place);
}
function setHash(hash) {
  try { history.replaceState(null, "", location.href.split("#")[0] + hash); } catch { /* a page that is shown inside another */ }
}
function showHash() { // a link to a picture
  const name = location.hash.startsWith("#picture/") ? decodeURIComponent(location.hash.slice(9)) : null;
  const row = name === null ? -1 : paths.indexOf(name);
  if (row >= 0 && !(viewer.open && visited.at(-1) === row)) show(row);
}
element("viewer-back").onclick = () => { visited.pop(); show(visited.at(-1), { back: true }); };
element("viewer-previous").onclick = () => step(-1);
element("viewer-next").onclick = () => step(1);
element("viewer-close").onclick = () => viewer.close();
viewer.addEventListener("close", () => {
  if (viewer.open) return; // it was opened again before this was told
  visited.length = 0;
  sequence = null;
  setHash("#");
});
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  step(by);
});
window.addEventListener("hashchange", showHash);
document.addEventListener("click", (event) => {
  const button = event.target.closest(".open");
  if (button) show(Number(button.dataset.row));
});

// The search: hits as they are typed, Enter opens the first.
const HITS = 12;
let hits = [];
element("find-words").addEventListener("input", (event) => {
  hits = rowsOf(event.target.value);
  element("find-status").textContent = event.target.value.trim() ? `${hits.length.toLocaleString("en")} ${hits.length === 1 ? "picture" : "pictures"}${hits.length > HITS ? `, the first ${HITS} here` : ""}` : "";
  element("find-hits").replaceChildren(...hits.slice(0, HITS).map((row) => picture(row, paths[row].split("/").at(-1), { among: hits })));
});
element("find").addEventListener("submit", (event) => {
  event.preventDefault();
  if (hits.length) show(hits[0], { among: hits });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || viewer.open || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  element("find-words").focus();
});
