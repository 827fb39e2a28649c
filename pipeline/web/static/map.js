// The map: every picture near to what it is like. Points are drawn by WebGL, thumbnails and words on a canvas above.
import { counted, debounced, h } from "./dom.js";
import { get, known, thumbnail } from "./api.js";
import { go } from "./app.js";
import { Points } from "./points.js";
import { Thumbnails } from "./map_thumbnails.js";
import { chooseMany, chosen } from "./wall.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
let data = null; // kept while the version stands, with where the map was left

export async function open({ query }) {
  if (data?.version !== known.status.version) data = prepared(await get("/api/map"));
  const map = new PictureMap(data);
  return {
    node: map.node,
    shown: () => map.shown(query.has("at") ? Number(query.get("at")) : -1),
    update: (where) => { if (where.query.has("at")) map.choose(Number(where.query.get("at")), true); return true; },
    leave: () => map.leave(),
  };
}

function prepared(found) {
  return { ...found, x: Float32Array.from(found.x), y: Float32Array.from(found.y), count: found.x.length, view: { zoom: 1, x: 0.5, y: 0.5 } };
}
export function hue(number, dark) { // by the golden angle
  if (!number) return dark ? [119, 115, 106] : [169, 164, 153];
  const [hh, ss, ll] = [(number * 137.508) % 360, [62, 48, 75][number % 3] / 100, (dark ? [66, 58, 74] : [44, 36, 52])[Math.floor(number / 3) % 3] / 100];
  const a = ss * Math.min(ll, 1 - ll), f = (n) => { const k = (n + hh / 30) % 12; return Math.round(255 * (ll - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)))); };
  return [f(0), f(8), f(4)];
}

class PictureMap {
  constructor(data) {
    this.data = data;
    this.view = data.view;
    this.byLabel = known.status.labels.length > 1 && !data.groups.some(Boolean);
    this.hovered = this.cursor = -1;
    this.matching = null;
    this.path = null; // the lasso, in pixels
    this.below = h("canvas", { ariaHidden: "true" });
    this.canvas = h("canvas", { className: "map-top", tabIndex: 0, ariaLabel: "Map of all pictures; arrows go from one to the next, Enter searches with it, plus and minus zoom" });
    this.canvas.setAttribute("role", "application");
    this.card = h("div", { className: "map-card", hidden: true });
    this.said = h("p", { className: "map-said", ariaLive: "polite" });
    this.lassoButton = h("button", { type: "button", className: "quiet", ariaPressed: "false", title: "Draw around pictures to select them (l)", onclick: () => this.setLasso(!this.lasso) }, "Lasso");
    const zoom = (words, sign, factor) => h("button", { type: "button", className: "quiet", ariaLabel: words, title: words, onclick: () => this.glide(factor) }, sign);
    this.node = h("div", { className: "map-whole" }, this.below, this.canvas,
      h("div", { className: "map-tools" }, h("h1", {}, "Map"),
        known.status.labels.length > 1 && data.groups.some(Boolean) && h("select", { ariaLabel: "Colours", onchange: (event) => { this.byLabel = event.target.value === "labels"; this.colour(); } }, h("option", { value: "groups" }, "Colours: groups"), h("option", { value: "labels" }, "Colours: labels")),
        h("input", { type: "search", placeholder: "Find by path or label", ariaLabel: "Find by path or label", dataset: { finds: "yes" }, oninput: debounced((event) => this.find(event.target.value), 120) }),
        this.lassoButton,
        h("span", { className: "zooms" }, zoom("Zoom in", "+", 1.8), zoom("Zoom out", "\u2212", 1 / 1.8), h("button", { type: "button", className: "quiet", onclick: () => this.glide(0) }, "All"))),
      this.said, this.card);
    this.points = new Points(this.below, data);
    this.thumbnails = new Thumbnails(data, () => this.later());
    this.listen();
  }

  shown(row) {
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.node);
    this.onTheme = () => this.colour();
    document.addEventListener("theme", this.onTheme);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.onTheme);
    this.resized();
    this.colour();
    if (row >= 0) this.choose(row, true);
  }

  leave() {
    this.watch.disconnect();
    document.removeEventListener("theme", this.onTheme);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.onTheme);
    this.points.end();
    this.left = true;
  }

  resized() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.ratio = ratio;
    this.width = this.node.clientWidth;
    this.height = this.node.clientHeight;
    for (const canvas of [this.below, this.canvas]) { canvas.width = Math.round(this.width * ratio); canvas.height = Math.round(this.height * ratio); }
    this.context = this.canvas.getContext("2d");
    this.edge = 0.88 * Math.min(this.width, this.height - 60);
    this.later();
  }

  category(row) { return this.byLabel ? this.data.labels[row] : this.data.groups[row]; }

  colour() {
    const style = getComputedStyle(document.documentElement), get = (name) => style.getPropertyValue(name).trim();
    this.ink = get("--ink"); this.paper = get("--paper"); this.accent = get("--accent"); this.second = get("--second");
    this.dark = parseInt(this.paper.slice(1, 3), 16) < 128;
    this.points.colours((row) => [...hue(this.category(row), this.dark), this.matching && !this.matching.has(row) ? 22 : 225]);
    this.centres = null;
    this.later();
  }

  get scale() { return this.edge * this.view.zoom; }
  at(row) { return [(this.data.x[row] - this.view.x) * this.scale + this.width / 2, (this.data.y[row] - this.view.y) * this.scale + this.height / 2 + 18]; }

  later() {
    if (this.waiting || this.left) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; if (!this.left) this.draw(); });
  }

  draw() {
    const { context, ratio, width, height, scale } = this;
    if (!context || !width) return;
    const radius = Math.min(Math.max(1.7, Math.sqrt(10000 / this.data.count)) * Math.sqrt(this.view.zoom), 8);
    this.points.draw({ x: this.view.x, y: this.view.y, scale, width, height, ratio, radius, drop: 18 });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (this.view.zoom > 2) this.thumbnails.draw(context, this, (row) => `rgb(${hue(this.category(row), this.dark).join(" ")})`);
    else this.names(context);
    for (const row of chosen.keys()) this.ring(context, row, this.second, 2);
    if (this.hovered >= 0) this.ring(context, this.hovered, this.accent, 2);
    if (this.cursor >= 0) this.ring(context, this.cursor, this.accent, 3);
    if (this.path) {
      context.beginPath();
      this.path.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = 0.14; context.fillStyle = this.accent; context.fill();
      context.globalAlpha = 1; context.lineWidth = 2; context.strokeStyle = this.accent; context.stroke();
    }
  }

  ring(context, row, colour, line) {
    const [x, y] = this.at(row);
    context.beginPath();
    context.arc(x, y, 9, 0, 7);
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.stroke();
  }

  names(context) {
    if (!this.centres) {
      const members = new Map();
      for (let row = 0; row < this.data.count; row++) if (this.category(row)) (members.get(this.category(row)) ?? members.set(this.category(row), []).get(this.category(row))).push(row);
      const middle = (rows, axis) => Float32Array.from(rows, (row) => axis[row]).sort()[rows.length >> 1];
      this.centres = [...members].sort((a, b) => b[1].length - a[1].length).map(([number, rows]) => [this.byLabel ? this.data.names[number - 1] : `group ${number}`, middle(rows, this.data.x), middle(rows, this.data.y)]);
    }
    const boxes = [];
    context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = "center"; context.textBaseline = "middle"; context.lineWidth = 4; context.lineJoin = "round";
    for (const [name, u, v] of this.centres.slice(0, this.width < 600 ? 10 : 24)) {
      const x = (u - this.view.x) * this.scale + this.width / 2, y = (v - this.view.y) * this.scale + this.height / 2 + 18, half = context.measureText(name).width / 2 + 4;
      if (boxes.some(([a, b, w]) => Math.abs(a - x) < w + half && Math.abs(b - y) < 16)) continue;
      boxes.push([x, y, half]);
      context.strokeStyle = this.paper; context.strokeText(name, x, y);
      context.fillStyle = this.ink; context.fillText(name, x, y);
    }
  }

  nearest(x, y, within = 24) {
    const over = this.view.zoom > 2 ? this.thumbnails.under(x, y) : -1;
    if (over >= 0) return over;
    let best = -1, least = within ** 2;
    const { x: xs, y: ys } = this.data, { scale } = this, u = (x - this.width / 2) / scale + this.view.x, v = (y - 18 - this.height / 2) / scale + this.view.y;
    for (let row = 0; row < this.data.count; row++) {
      const apart = ((xs[row] - u) ** 2 + (ys[row] - v) ** 2) * scale * scale;
      if (apart < least && (!this.matching || this.matching.has(row))) [best, least] = [row, apart];
    }
    return best;
  }

  move(x, y) {
    this.view.x = Math.min(Math.max(x, 0), 1);
    this.view.y = Math.min(Math.max(y, 0), 1);
    this.later();
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2 + 18) {
    const before = this.scale, dx = x - this.width / 2, dy = y - 18 - this.height / 2;
    this.view.zoom = Math.min(Math.max(this.view.zoom * factor, 1), Math.max(30, Math.sqrt(this.data.count)));
    this.move(this.view.x + dx / before - dx / this.scale, this.view.y + dy / before - dy / this.scale);
    if (this.view.zoom === 1) this.move(0.5, 0.5);
  }

  glide(factor) { // 0: until all is seen
    const from = this.view.zoom, to = factor ? Math.max(from * factor, 1) : 1, started = performance.now();
    const step = (now) => {
      const share = still.matches ? 1 : Math.min((now - started) / 260, 1), eased = 1 - (1 - share) ** 3;
      this.zoomBy(from * (to / from) ** eased / this.view.zoom);
      if (share < 1 && !this.left) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  picture(row) { return { row, path: this.data.paths[row], tag: this.data.tags[row], width: this.data.aspects[row], height: 1, label: this.data.labels[row] ? this.data.names[this.data.labels[row] - 1] : "", group: this.data.groups[row] }; }
  words(row) { const one = this.picture(row); return [one.path, one.label, one.group && `group ${one.group}`].filter(Boolean).join(" \u00b7 "); }

  hover(row, x = 0, y = 0) {
    if (row !== this.hovered) {
      this.hovered = row;
      this.card.hidden = row < 0;
      this.canvas.style.cursor = row < 0 || this.lasso ? "" : "pointer";
      if (row >= 0) this.card.replaceChildren(h("img", { src: thumbnail(this.picture(row), 192), alt: "" }), this.words(row));
      this.later();
    }
    if (row < 0) return;
    const left = x + 20 + this.card.offsetWidth > this.width ? x - 20 - this.card.offsetWidth : x + 20;
    this.card.style.transform = `translate(${Math.max(left, 8)}px, ${Math.min(Math.max(y - 40, 8), this.height - this.card.offsetHeight - 8)}px)`;
  }

  choose(row, near = false) {
    if (!(row >= 0 && row < this.data.count)) return;
    this.cursor = row;
    this.said.textContent = this.words(row);
    const [x, y] = this.at(row);
    if (near) { this.view.zoom = Math.max(this.view.zoom, 6); this.move(this.data.x[row], this.data.y[row]); }
    else if (x < 40 || y < 80 || x > this.width - 40 || y > this.height - 40) this.move(this.data.x[row], this.data.y[row]);
    this.later();
  }

  find(words) {
    const wanted = words.trim().normalize("NFC").toLowerCase();
    this.matching = wanted ? new Set([...this.data.paths.keys()].filter((row) => `${this.data.paths[row]}\n${this.data.labels[row] ? this.data.names[this.data.labels[row] - 1] : ""}`.normalize("NFC").toLowerCase().includes(wanted))) : null;
    this.said.textContent = this.matching ? `${counted(this.matching.size, "picture")} of ${this.data.count.toLocaleString("en")}` : "";
    this.thumbnails.only(this.matching);
    this.colour();
  }

  setLasso(on) {
    this.lasso = on;
    this.lassoButton.ariaPressed = String(on);
    this.node.classList.toggle("lasso", on);
    this.said.textContent = on ? "Draw around pictures to select them; Shift adds to what is selected." : "";
    this.hover(-1);
  }

  take(add) { // what lies inside the lasso
    const path = this.path, rows = [];
    this.path = null;
    if (path.length > 3) {
      for (let row = 0; row < this.data.count; row++) {
        if (this.matching && !this.matching.has(row)) continue;
        const [x, y] = this.at(row);
        let inside = false;
        for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
          const [a, b] = path[i], [c, d] = path[j];
          if ((b > y) !== (d > y) && x < (c - a) * (y - b) / (d - b) + a) inside = !inside;
        }
        if (inside) rows.push(row);
      }
      chooseMany(rows.map((row) => this.picture(row)), { add });
      this.said.textContent = `${counted(chosen.size, "picture")} selected`;
    }
    this.setLasso(false);
    this.later();
  }

  listen() {
    const pointers = new Map(), { canvas } = this;
    let moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      canvas.setPointerCapture(event.pointerId);
      moved = 0;
      if (this.lasso && pointers.size === 1) this.path = [[event.offsetX, event.offsetY]];
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId), now = [event.offsetX, event.offsetY];
      if (!last) { if (event.pointerType === "mouse" && !this.lasso) this.hover(this.nearest(...now), ...now); return; }
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      moved += Math.hypot(now[0] - last[0], now[1] - last[1]);
      pointers.set(event.pointerId, now);
      if (other) {
        const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
        this.zoomBy(apart(now) / Math.max(apart(last), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      } else if (this.path) { this.path.push(now); this.later(); }
      else if (moved > 4) {
        canvas.classList.add("moving");
        this.hover(-1);
        this.move(this.view.x - (now[0] - last[0]) / this.scale, this.view.y - (now[1] - last[1]) / this.scale);
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        const alone = pointers.size === 1;
        pointers.delete(event.pointerId);
        canvas.classList.remove("moving");
        if (this.path) return this.take(event.shiftKey);
        if (name === "pointercancel" || !alone || moved > 4) return;
        const row = this.nearest(event.offsetX, event.offsetY);
        if (row >= 0) go(`/?like=${row}`);
      });
    }
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), event.offsetX, event.offsetY); }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      let best = this.cursor, least = Infinity;
      const [x, y] = this.cursor < 0 ? [this.view.x, this.view.y] : [this.data.x[this.cursor], this.data.y[this.cursor]];
      for (let row = 0; row < this.data.count; row++) { // the nearest in that direction, straight ahead first
        const dx = this.data.x[row] - x, dy = this.data.y[row] - y, ahead = dx * step[0] + dy * step[1], aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
        if (ahead > 1e-6 && row !== this.cursor && ahead + 2.5 * aside < least) [best, least] = [row, ahead + 2.5 * aside];
      }
      this.choose(best);
    } else if (event.key === "Enter" && this.cursor >= 0) go(`/?like=${this.cursor}`);
    else if (event.key === " " && this.cursor >= 0) { chooseMany([this.picture(this.cursor)], { add: true }); this.later(); }
    else if (event.key === "+" || event.key === "=") this.glide(1.6);
    else if (event.key === "-") this.glide(1 / 1.6);
    else if (event.key === "0") this.glide(0);
    else if (event.key === "l") this.setLasso(!this.lasso);
    else return;
    event.preventDefault();
  }
}
