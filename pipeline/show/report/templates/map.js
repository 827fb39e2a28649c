// The map: all pictures on a canvas, as thumbnails in a grid or as points; the world is the unit square.
const canvas = element("map-canvas"), context = canvas.getContext("2d"), card = element("map-card");
const points = unpack(known.positions, Float32Array), cells = unpack(known.cells, Uint32Array);
const largestOf = (axis) => cells.reduce((most, value, i) => (i % 2 === axis && value > most ? value : most), 0);
const count = paths.length, columns = largestOf(0) + 1, rowsOfGrid = largestOf(1) + 1, cell = 1 / Math.max(columns, rowsOfGrid);
const inGrid = Float32Array.from({ length: 2 * count }, (_, i) => (cells[i] + 0.5) * cell + (i % 2 ? (1 - rowsOfGrid * cell) / 2 : 0));
const SPOT = 58, NEAR = 2.5; // pixels for a thumbnail among points, and the zoom from which there are some
const AROUND = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [i, j]));
const seen = new Uint8Array(count);
const radius = () => Math.min(Math.max(1.6, Math.sqrt(9000 / count)) * Math.sqrt(view.zoom), 7);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const view = { zoom: 1, x: 0.5, y: 0.5 }; // the middle of what is seen
let mode = "grid", colouring = "groups", mix = 1, cursor = -1, hovered = -1, matching = null, waiting = false, edge = 1;

const place = (row, axis) => points[2 * row + axis] * (1 - mix) + inGrid[2 * row + axis] * mix;
const toScreen = (row) => [
  (place(row, 0) - view.x) * edge * view.zoom + canvas.clientWidth / 2,
  (place(row, 1) - view.y) * edge * view.zoom + canvas.clientHeight / 2,
];
const category = (row) => (colouring === "labels" ? labelOf[row] : groupOf[row]);
const categoryName = (number) => (colouring === "labels" ? known.labelNames[number - 1] || "" : String(number));
function colour(row, dark) { // hues by the golden angle
  const number = category(row);
  if (!number) return dark ? "#77736a" : "#a9a499";
  return `hsl(${(number * 137.508) % 360} ${[62, 48, 75][number % 3]}% ${(dark ? [66, 58, 74] : [42, 34, 50])[Math.floor(number / 3) % 3]}%)`;
}

const spread = [0, 1].map((axis) => { // how far the points reach to the right and down
  const [least, most] = points.reduce(([low, high], value, i) => (i % 2 === axis ? [Math.min(low, value), Math.max(high, value)] : [low, high]), [1, 0]);
  return Math.max(most - least, 1e-6);
});
const fitting = (share, [x, y]) => share * 0.94 * Math.min(canvas.clientWidth / x, canvas.clientHeight / y, 4 * canvas.clientHeight);

function later() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function draw() {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  edge = fitting(1 - mix, spread) + fitting(mix, [1, rowsOfGrid * cell]);
  const style = getComputedStyle(document.documentElement);
  const [ink, paper, accent] = ["--ink", "--card", "--accent"].map((name) => style.getPropertyValue(name).trim());
  const dark = parseInt(paper.slice(1, 3), 16) < 128;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const tile = edge * view.zoom * cell;
  for (let row = 0; row < count; row++) {
    const [x, y] = toScreen(row), margin = Math.max(tile, SPOT);
    seen[row] = x > -margin && y > -margin && x < width + margin && y < height + margin;
    if (!seen[row]) continue;
    context.globalAlpha = matching && !matching.has(row) ? 0.1 : 1;
    if (mode === "grid" && tile > 3 && drawThumbnail(context, row, x - tile / 2, y - tile / 2, tile + 0.4)) continue;
    context.fillStyle = colour(row, dark);
    if (mode === "grid") context.fillRect(x - tile / 2, y - tile / 2, tile, tile);
    else {
      context.beginPath();
      context.arc(x, y, radius(), 0, 7);
      context.fill();
    }
  }
  if (mode === "points" && view.zoom > NEAR) drawSpread(dark);
  context.globalAlpha = 1;
  if (mode === "points" && view.zoom <= NEAR) drawNames(ink, paper);
  for (const [row, line] of [[hovered, 2], [cursor, 3]]) {
    if (row < 0) continue;
    const [x, y] = toScreen(row), half = mode === "grid" ? tile / 2 : radius() + 4;
    context.lineWidth = line;
    context.strokeStyle = accent;
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }
}

function drawSpread(dark) { // thumbnails on the points, as many as don't overlap
  const taken = new Map();
  for (let row = 0; row < count; row++) {
    if (!seen[row] || (matching && !matching.has(row))) continue;
    const [x, y] = toScreen(row), [i, j] = [Math.floor(x / SPOT), Math.floor(y / SPOT)];
    let free = true;
    for (const [di, dj] of AROUND) {
      const other = taken.get(`${i + di},${j + dj}`);
      if (other && Math.abs(other[0] - x) < SPOT && Math.abs(other[1] - y) < SPOT) free = false;
    }
    if (!free) continue;
    taken.set(`${i},${j}`, [x, y]);
    const side = SPOT - 10, [left, top] = [x - side / 2, y - side / 2];
    context.globalAlpha = 1;
    if (!drawThumbnail(context, row, left, top, side)) continue;
    context.fillStyle = colour(row, dark);
    context.fillRect(left, top + side, side, 4);
  }
}

function drawNames(ink, paper) {
  const members = new Map();
  for (let row = 0; row < count; row++) if (category(row)) (members.get(category(row)) ?? members.set(category(row), []).get(category(row))).push(row);
  const largest = [...members].sort((a, b) => b[1].length - a[1].length).slice(0, canvas.clientWidth < 600 ? 8 : 18);
  const boxes = [];
  context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  for (const [number, rows] of largest) {
    const middle = [0, 1].map((axis) => rows.map((row) => toScreen(row)[axis]).sort((a, b) => a - b)[rows.length >> 1]);
    const name = categoryName(number), half = context.measureText(name).width / 2 + 4;
    if (boxes.some(([x, y, w]) => Math.abs(x - middle[0]) < w + half && Math.abs(y - middle[1]) < 16)) continue;
    boxes.push([...middle, half]);
    context.strokeStyle = paper;
    context.strokeText(name, ...middle);
    context.fillStyle = ink;
    context.fillText(name, ...middle);
  }
}

function at(x, y) { // the picture under a point of the canvas, or -1
  let best = -1, least = mode === "grid" ? Infinity : 22 ** 2;
  const half = edge * view.zoom * cell / 2;
  for (let row = 0; row < count; row++) {
    const [u, v] = toScreen(row), apart = (u - x) ** 2 + (v - y) ** 2;
    if (apart < least && (mode !== "grid" || (Math.abs(u - x) <= half && Math.abs(v - y) <= half))) [best, least] = [row, apart];
  }
  return best;
}

function zoomBy(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const before = edge * view.zoom;
  view.zoom = Math.min(Math.max(view.zoom * factor, 1), Math.max(8, columns));
  const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2], after = edge * view.zoom;
  moveTo(view.x + dx / before - dx / after, view.y + dy / before - dy / after);
  canvas.style.touchAction = view.zoom > 1.01 ? "none" : "pan-y"; // a finger scrolls the page until the map is zoomed
}

function moveTo(x, y) {
  const [w, h] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.min(side / (2 * edge * view.zoom), 0.5));
  view.x = Math.min(Math.max(x, w), 1 - w);
  view.y = Math.min(Math.max(y, h), 1 - h);
  later();
}

function say(row) {
  element("map-status").textContent = row < 0 ? "\u00a0" : [paths[row], labelName(row), `group ${groupOf[row]}`].filter(Boolean).join(" · ");
}

function hover(row, x, y) {
  if (row !== hovered) {
    hovered = row;
    later();
    card.hidden = row < 0;
    if (row >= 0) {
      const words = document.createElement("div");
      words.textContent = [paths[row], `group ${groupOf[row]}`].join(" · ");
      card.replaceChildren(thumbnail(row), words);
    }
  }
  if (row < 0) return;
  const left = x + 18 + card.offsetWidth > canvas.clientWidth ? x - 18 - card.offsetWidth : x + 18;
  const top = Math.min(Math.max(y - 40, 8), canvas.clientHeight - card.offsetHeight - 8);
  card.style.transform = `translate(${Math.max(left, 8)}px, ${top}px)`;
}

// Pointers: one moves, two pinch, a click opens.
const pointers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  canvas.setPointerCapture(event.pointerId);
  moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const last = pointers.get(event.pointerId), now = [event.offsetX, event.offsetY];
  if (!last) {
    if (event.pointerType === "mouse") hover(at(...now), ...now);
    return;
  }
  const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
  moved += Math.hypot(now[0] - last[0], now[1] - last[1]);
  pointers.set(event.pointerId, now);
  if (others.length) {
    const apart = (point) => Math.hypot(point[0] - others[0][0], point[1] - others[0][1]);
    zoomBy(apart(now) / Math.max(apart(last), 1), (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
  } else if (moved > 4) {
    canvas.classList.add("moving");
    hover(-1);
    const scale = edge * view.zoom;
    moveTo(view.x - (now[0] - last[0]) / scale, view.y - (now[1] - last[1]) / scale);
  }
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    const alone = pointers.size === 1;
    pointers.delete(event.pointerId);
    canvas.classList.remove("moving");
    if (name === "pointercancel" || !alone || moved > 4) return;
    const row = at(event.offsetX, event.offsetY);
    if (row >= 0) choose(row, { open: true });
  });
}
canvas.addEventListener("pointerleave", () => hover(-1));
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
}, { passive: false });

function choose(row, { open = false } = {}) {
  cursor = row;
  say(row);
  const [x, y] = toScreen(row);
  if (x < 20 || y < 20 || x > canvas.clientWidth - 20 || y > canvas.clientHeight - 20) moveTo(place(row, 0), place(row, 1));
  later();
  if (open) show(row);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (step) {
    let best = cursor, least = Infinity;
    for (let row = 0; row < count; row++) { // the nearest one in that direction, straight ahead first
      const dx = place(row, 0) - (cursor < 0 ? view.x : place(cursor, 0)), dy = place(row, 1) - (cursor < 0 ? view.y : place(cursor, 1));
      const ahead = dx * step[0] + dy * step[1], aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
      if (ahead > 1e-6 && row !== cursor && ahead + 2.5 * aside < least) [best, least] = [row, ahead + 2.5 * aside];
    }
    if (best >= 0) choose(best);
  } else if (event.key === "Enter" && cursor >= 0) show(cursor);
  else if (event.key === "+" || event.key === "=") zoomBy(1.5);
  else if (event.key === "-") zoomBy(1 / 1.5);
  else if (event.key === "0") zoomBy(1e-9);
  else return;
  event.preventDefault();
});

function showOnMap(row) {
  element("map").scrollIntoView();
  canvas.focus({ preventScroll: true });
  zoomBy(Math.max(1, columns / 12) / view.zoom);
  moveTo(place(row, 0), place(row, 1));
  choose(row);
}

function setMode(name) {
  mode = name;
  document.querySelectorAll(".map-colours").forEach((choice) => { choice.hidden = name === "grid"; });
  const [from, to, started] = [mix, name === "grid" ? 1 : 0, performance.now()];
  const step = (now) => {
    const share = still.matches || count > 30000 ? 1 : Math.min((now - started) / 600, 1);
    mix = from + (to - from) * (1 - (1 - share) ** 3);
    draw();
    if (share < 1 && mode === name) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
for (const input of document.querySelectorAll("[name=map-mode]")) input.addEventListener("change", () => setMode(input.value));
for (const input of document.querySelectorAll("[name=map-colour]")) input.addEventListener("change", () => { colouring = input.value; later(); });
element("map-find").addEventListener("input", (event) => {
  matching = event.target.value.trim() ? new Set(rowsOf(event.target.value)) : null;
  element("map-status").textContent = matching ? `${matching.size.toLocaleString("en")} of ${count.toLocaleString("en")} ${count === 1 ? "picture" : "pictures"}` : "\u00a0";
  later();
});
element("map-in").onclick = () => zoomBy(1.6);
element("map-out").onclick = () => zoomBy(1 / 1.6);
element("map-reset").onclick = () => zoomBy(1e-9);
setMode("grid");
for (const name of ["thumbnails", "theme"]) document.addEventListener(name, later);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
new ResizeObserver(later).observe(canvas);
new IntersectionObserver((entries, watcher) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  watcher.disconnect();
  thumbnails.sources.forEach((_, number) => sheet(number)); // all of them, now that they are to be seen
}, { rootMargin: "600px" }).observe(canvas);
showHash(); // now that all stands that a picture needs
