// Search: pictures of one's own, more like this, less like that.
import { bytes, counted, debounced, fileName, h, note, percent, s } from "./dom.js";
import { get, known, post, sent, thumbnail } from "./api.js";
import { go, names, searchFor, take, takeSearch } from "./app.js";
import { Wall, picker, tile } from "./wall.js";
import { takePhoto } from "./camera.js";

const isHere = () => /^(localhost|127\.|\[::1\])/.test(location.hostname);

const FILTERS = ["folder", "label", "group", "words", "since", "until", "megapixels"];
const STEPS = [20, 40, 80, 160, 320, 640, 1000];

const isUpload = (name) => name.startsWith("u");
const briefs = new Map();
async function brief(name) { // what a chip shows
  if (!briefs.has(name)) briefs.set(name, isUpload(name) ? { source: sent(name, 192), path: "Your picture" } : get(`/api/pictures/${name}`).then((one) => ({ ...one, source: thumbnail(one, 192) })));
  return briefs.get(name);
}

export async function open(where) {
  const panel = new Search();
  await panel.update(where);
  return { node: panel.node, update: (next) => { panel.update(next); return true; }, take: null, leave: () => panel.leave() };
}

class Search {
  constructor() {
    this.node = h("div", { className: "search" });
    this.asking = null;
    this.key = "";
  }

  leave() { this.asking?.abort(); }

  async update({ query }) {
    this.query = query;
    this.like = names(query.get("like"));
    this.unlike = names(query.get("unlike"));
    document.title = `Search \u00b7 ${known.status.name}`;
    if (!this.like.length && !this.unlike.length) { this.key = ""; return this.welcome(); }
    const key = `${this.like}|${this.unlike}`;
    if (key !== this.key) { this.key = key; await this.frame(); scrollTo(0, history.state?.top || 0); }
    return this.search();
  }

  // Nothing is asked yet
  async welcome() {
    const { pictures, groups, name } = known.status;
    const choose = h("input", { type: "file", accept: "image/*", multiple: true, className: "unseen", id: "choose", tabIndex: -1, onchange: (event) => takeSearch(event.target.files) });
    const zone = h("div", { className: "zone" },
      how(),
      h("div", { className: "zone-words" },
        h("h1", {}, "What looks like this?"),
        h("p", { className: "lead" }, `Drop a picture here, or paste one: what looks like it among the ${counted(pictures, "picture")} of ${name} is found at once. ${isHere() ? "Nothing leaves this machine." : "It is sent to the machine that serves this page, and to no other."}`),
        h("p", { className: "buttons" },
          h("button", { type: "button", className: "main", onclick: () => choose.click() }, "Choose pictures"),
          h("button", { type: "button", className: "quiet", onclick: () => takePhoto((file) => takeSearch([file])) }, "Take a picture"),
          choose, h("label", { className: "unseen", htmlFor: "choose" }, "Choose pictures"))));
    this.node.replaceChildren(zone, finder(), h("h2", { className: "wall-title" }, groups ? "Or begin with one of these" : "Or begin with any"));
    const wall = new Wall({ label: "Pictures to begin with" });
    this.node.append(wall.node);
    const begin = groups ? (await get("/api/groups")).groups.flatMap((group) => group.pictures.slice(0, groups > 16 ? 1 : 3).map((one, i) => [one, i ? "" : `group ${group.number} \u00b7 ${group.size.toLocaleString("en")}`]))
      : (await get("/api/pictures/0/neighbours?n=40")).results.map((one) => [one, ""]);
    wall.add(begin.slice(0, 60).map(([one, words]) => tile(one, { caption: words || one.label || fileName(one.path) })));
  }

  // What is asked, above what is found
  async frame() {
    const chips = h("ul", { className: "chips" });
    const chip = async (name, side) => {
      const one = await brief(name).catch(() => null);
      const other = side === "like" ? "unlike" : "like";
      const words = one ? one.path : "a picture that has gone";
      return h("li", { className: `chip ${side}` },
        one ? h("a", { href: isUpload(name) ? searchFor([name]) : `/picture/${name}`, title: words }, h("img", { src: one.source, alt: words })) : h("span", { className: "gone" }, "gone"),
        h("span", { className: "chip-acts" },
          h("button", { type: "button", title: side === "like" ? "Less like this instead" : "More like this instead", ariaLabel: `${side === "like" ? "Less" : "More"} like ${words} instead`, onclick: () => this.move(name, side, other) }, side === "like" ? "\u2212" : "+"),
          h("button", { type: "button", title: "Leave it out", ariaLabel: `Leave ${words} out`, onclick: () => this.move(name, side, null) }, "\u00d7")));
    };
    const choose = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, onchange: async (event) => {
      const ids = await take(event.target.files);
      if (ids.length) this.change([...this.like, ...ids], this.unlike);
    } });
    chips.append(...await Promise.all([...this.like.map((name) => chip(name, "like")), ...this.unlike.map((name) => chip(name, "unlike"))]));
    chips.append(h("li", { className: "add" }, h("button", { type: "button", title: "Add a picture of your own", ariaLabel: "Add a picture of your own", onclick: () => choose.click() }, "+"), choose));
    this.about = h("div", { className: "about", ariaLive: "polite" });
    this.title = h("h1", {}, this.unlike.length ? "More like this, less like that" : this.like.length > 1 ? "Like these together" : "What looks like this?");
    this.results = h("div", { className: "results" });
    this.said = h("p", { className: "small", ariaLive: "polite" });
    this.node.replaceChildren(
      h("section", { className: "asked", ariaLabel: "What is asked" }, chips, h("div", { className: "asked-words" }, this.title, this.about)),
      this.controls(), this.said, this.results);
    this.tell();
  }

  move(name, from, to) {
    const sides = { like: this.like.filter((one) => one !== name), unlike: this.unlike.filter((one) => one !== name) };
    if (to) sides[to].push(name);
    this.change(sides.like, sides.unlike);
  }

  change(like, unlike) {
    const rest = new URLSearchParams(this.query);
    rest.delete("like"); rest.delete("unlike");
    go(searchFor(like, unlike, like.length || unlike.length ? rest : {}));
  }

  set(name, value) { // one setting, in the address
    const query = new URLSearchParams(location.search);
    if (value === null || value === "") query.delete(name); else query.set(name, value);
    go(`/?${query.toString().replaceAll("%2C", ",")}`, { replace: true });
  }

  controls() {
    const { labels, folders, groups, times, scale } = known.status, query = this.query;
    const n = Number(query.get("n")) || 40;
    const many = h("output", {}, String(n));
    const slide = h("input", { type: "range", min: 0, max: STEPS.length - 1, step: 1, value: Math.max(0, STEPS.findIndex((one) => one >= n)), ariaLabel: "How many pictures",
      oninput: (event) => { many.textContent = STEPS[event.target.value]; }, onchange: (event) => this.set("n", STEPS[event.target.value] === 40 ? null : STEPS[event.target.value]) });
    const least = query.get("least"), low = h("output", {}, least === null ? "any" : Number(least).toFixed(2));
    const setLeast = debounced((value) => this.set("least", value), 180);
    const floor = Math.min(0, ...(scale || [0]));
    const limit = h("input", { type: "range", min: floor, max: 1, step: 0.01, value: least ?? floor, ariaLabel: "Least similarity",
      oninput: (event) => { const value = Number(event.target.value); low.textContent = value <= floor ? "any" : value.toFixed(2); setLeast(value <= floor ? null : value.toFixed(2)); } });
    const select = (name, words, all) => all.length > 1 && h("label", {}, h("span", {}, words), h("select", { onchange: (event) => this.set(name, event.target.value) },
      h("option", { value: "" }, "any"), all.map(([value, text]) => h("option", { value, selected: query.get(name) === String(value) }, text))));
    const day = (name, words) => h("label", {}, h("span", {}, words), h("input", { type: "date", value: query.get(name) ? new Date(1000 * query.get(name)).toISOString().slice(0, 10) : "",
      onchange: (event) => this.set(name, event.target.value ? Date.parse(event.target.value) / 1000 : null) }));
    const used = FILTERS.filter((name) => query.get(name)).length;
    const filters = h("details", { className: "filters", open: used > 0 },
      h("summary", {}, used ? `Filters (${used})` : "Filters"),
      h("div", { className: "filter-fields" },
        select("folder", "Folder", folders.map((one) => [one.name, `${one.name} (${one.count})`])),
        select("label", "Label", labels.map((one) => [one.name, `${one.name} (${one.count})`])),
        select("group", "Group", Array.from({ length: groups }, (_, i) => [i + 1, `group ${i + 1}`])),
        h("label", {}, h("span", {}, "Path holds"), h("input", { type: "search", value: query.get("words") || "", onchange: (event) => this.set("words", event.target.value) })),
        times[0] !== times[1] && [day("since", "Changed from"), day("until", "until")],
        h("label", {}, h("span", {}, "Megapixels, at least"), h("input", { type: "number", min: 0, step: 0.5, value: query.get("megapixels") || "", onchange: (event) => this.set("megapixels", event.target.value) }))));
    return h("div", { className: "controls" },
      h("label", { className: "slider" }, h("span", {}, "How many"), slide, many),
      h("label", { className: "slider" }, h("span", {}, "Least similarity"), limit, low),
      picker(), filters);
  }

  async tell() { // what is known of the picture that is asked
    const name = this.like[0];
    if (this.like.length !== 1 || this.unlike.length) {
      const words = [this.like.length && `the mean of ${counted(this.like.length, "picture")}`, this.unlike.length && `less half the mean of ${counted(this.unlike.length, "picture")}`].filter(Boolean);
      this.about.replaceChildren(h("p", { className: "soft" }, `Asked is ${words.join(" ")}.`));
      return;
    }
    try {
      if (isUpload(name)) {
        const one = await get(`/api/uploads/${name}/unusual`);
        const link = (other) => h("a", { href: `/picture/${other.row}` }, other.path);
        const list = (all) => all.slice(0, 3).flatMap((other, i) => [i ? ", " : "", link(other)]);
        this.about.replaceChildren(
          one.copies.length ? h("p", { className: "copy" }, "The folder holds a copy of it: ", list(one.copies), one.copies.length > 3 ? ` and ${one.copies.length - 3} more` : "", ".") : "",
          one.perhaps.length ? h("p", { className: "copy" }, "It may be a copy of ", list(one.perhaps), ".") : "",
          h("p", { className: "soft" }, one.share === null ? "" : one.share > 0.5 ? `It is more unusual than ${percent(one.share)} of the pictures here.` : `It is an ordinary picture here: ${percent(1 - one.share)} are more unusual.`));
      } else {
        const one = await get(`/api/pictures/${name}`);
        const facts = [`${one.width} \u00d7 ${one.height}`, one.bytes && bytes(one.bytes), one.label, one.group && `group ${one.group}`].filter(Boolean).join(" \u00b7 ");
        this.about.replaceChildren(h("p", { className: "path" }, h("a", { href: `/picture/${name}` }, one.path)), h("p", { className: "soft" }, facts,
          one.copies.length ? h("span", { className: "copy" }, ` \u00b7 ${counted(one.copies.length, "copy", "copies")} in the folder`) : "",
          one.stands_out ? " \u00b7 it stands out as unusual" : ""));
      }
    } catch (error) { if (error.status !== 503) this.about.replaceChildren(h("p", { className: "warned" }, error.message)); }
  }

  async search() {
    this.asking?.abort();
    const asking = this.asking = new AbortController(), query = this.query;
    const filters = {};
    for (const name of FILTERS) if (query.get(name)) filters[name] = ["folder", "label", "words"].includes(name) ? query.get(name) : Number(query.get(name));
    if (filters.until) filters.until += 86400;
    const question = { version: known.status.version, like: this.like, unlike: this.unlike, n: Number(query.get("n")) || 40, least: Number(query.get("least") ?? -1), filters };
    const summary = this.node.querySelector(".filters summary"), used = Object.keys(filters).length;
    if (summary) summary.textContent = used ? `Filters (${used})` : "Filters";
    this.results.classList.add("waiting");
    const started = performance.now();
    try {
      const answer = await post("/api/search", question, { signal: asking.signal });
      const took = Math.round(performance.now() - started);
      const among = answer.among < known.status.pictures - 1 ? ` among ${answer.among.toLocaleString("en")}` : "";
      this.said.replaceChildren(`${counted(answer.results.length, "picture")}${among}, in ${took} ms`,
        answer.nothing_alike ? h("span", { className: "warned" }, " \u00b7 nothing here really looks like it") : "");
      this.lay(answer.results);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.said.replaceChildren();
      this.results.replaceChildren(h("p", { className: "absent" }, `${error.message[0].toUpperCase()}${error.message.slice(1)}.`));
    } finally { if (this.asking === asking) this.results.classList.remove("waiting"); }
  }

  lay(results) { // stretches of the same meaning, each under its words
    const stretches = [];
    for (const one of results) {
      if (stretches.at(-1)?.[0].means !== one.means) stretches.push([]);
      stretches.at(-1).push(one);
    }
    const mixed = this.like.length + this.unlike.length > 1;
    this.results.replaceChildren(...(results.length ? [] : [h("p", { className: "absent" }, "Nothing fulfils all that is asked. Loosen a filter, or lower the least similarity.")]));
    for (const stretch of mixed ? [results] : stretches) {
      const wall = new Wall({ label: stretch[0]?.means || "Results" });
      if (!mixed && stretch[0]?.means) this.results.append(h("h2", { className: "means" }, h("span", {}, stretch[0].means), h("small", {}, counted(stretch.length, "picture"))));
      this.results.append(wall.node);
      wall.add(stretch.map((one) => tile(one, {
        caption: h("span", { className: "score" }, one.similarity.toFixed(3)),
        extra: h("span", { className: "of" }, one.label && known.status.labels.length > 1 ? one.label : fileName(one.path)),
        said: `similarity ${one.similarity.toFixed(3)}${one.percentile_nearest === null || mixed ? "" : `: more than the nearest neighbour of ${one.percentile_nearest.toFixed(0)} % of the pictures here, and than ${one.percentile_random.toFixed(0)} % of pairs`}`,
      })));
    }
  }
}

function finder() { // by path
  const hits = h("div", { className: "hits" });
  const wall = new Wall({ height: 110, label: "Pictures of this name" });
  hits.append(wall.node);
  const find = debounced(async (words) => {
    wall.clear();
    if (!words.trim()) return;
    try {
      const found = await get(`/api/pictures?words=${encodeURIComponent(words)}&n=24`);
      wall.add(found.pictures.map((one) => tile(one)));
      status.textContent = `${counted(found.total, "picture")}${found.total > 24 ? ", the first 24 here" : ""}`;
    } catch (error) { note(error.message, { warned: true }); }
  }, 180);
  const status = h("p", { className: "small", ariaLive: "polite" });
  return h("div", { className: "finder", role: "search" },
    h("label", {}, h("span", { className: "unseen" }, "Find a picture of the folder by its path"),
      h("input", { type: "search", placeholder: "Or find one of the folder by its path", autocomplete: "off", dataset: { finds: "yes" }, oninput: (event) => { status.textContent = ""; find(event.target.value); },
        onkeydown: (event) => { if (event.key === "Enter") wall.tiles[0]?.querySelector("a.open").click(); } })),
    status, hits);
}

function how() { // one picture goes in, those that look like it come out
  const frame = (x, y, w, hgt, cls, ...inside) => s("g", { transform: `translate(${x} ${y})`, class: cls }, s("rect", { width: w, height: hgt, rx: 6 }), inside);
  const hill = (w, hgt) => [s("circle", { cx: w * 0.72, cy: hgt * 0.3, r: hgt * 0.12 }), s("path", { d: `M6 ${hgt - 7} L${w * 0.36} ${hgt * 0.42} L${w * 0.58} ${hgt * 0.68} L${w * 0.72} ${hgt * 0.54} L${w - 6} ${hgt - 7} Z` })];
  return s("svg", { class: "how", viewBox: "0 0 300 150", role: "img", "aria-label": "A picture is dropped on a frame; beside it appear three that look like it" },
    s("rect", { class: "slot", x: 10, y: 28, width: 116, height: 94, rx: 10 }),
    frame(24, 18, 92, 70, "given", hill(92, 70)),
    s("path", { class: "arrow", d: "M140 75 h26 m-9 -9 l9 9 l-9 9" }),
    frame(180, 14, 66, 52, "found", hill(66, 52)), frame(252, 14, 38, 52, "found two", hill(38, 52)),
    frame(180, 74, 44, 58, "found two", hill(44, 58)), frame(230, 74, 60, 58, "found", hill(60, 58)));
}
