// Compare: two pictures side by side, with where they differ as a heat map.
import { fileName, h, percent } from "./dom.js";
import { get, sent, thumbnail } from "./api.js";
import { go, take } from "./app.js";

const isUpload = (name) => name.startsWith("u");

export async function open(where) {
  const panel = new Comparing();
  await panel.update(where);
  return {
    node: panel.node,
    update: (next) => { panel.update(next); return true; },
    take: (files) => panel.take(files),
  };
}

class Comparing {
  constructor() {
    this.node = h("div", { dataset: { takes: "yes" } });
    this.strength = 0.65;
  }

  async take(files, to = null) {
    const ids = await take(files);
    if (!ids.length) return true;
    const places = to ? [to] : !this.reference ? ["reference", "photo"] : ["photo"];
    this.change(Object.fromEntries(places.slice(0, ids.length).map((place, i) => [place, ids[i]])));
    return true;
  }

  change(values) {
    const all = { reference: this.reference, photo: this.photo, ...values };
    go(`/compare?${new URLSearchParams(Object.entries(all).filter(([, value]) => value))}`);
  }

  async update({ query }) {
    [this.reference, this.photo] = [query.get("reference"), query.get("photo")];
    const slots = await Promise.all([this.slot("reference", "The reference", this.reference), this.slot("photo", "Held beside it", this.photo)]);
    this.verdict = h("div", { className: "verdict-line", ariaLive: "polite" });
    this.node.replaceChildren(
      h("header", { className: "panel-head" }, h("h1", {}, "Where do two pictures differ?"),
        h("p", { className: "lead" }, "A photo is moved onto the reference and brought into its light; what differs then is coloured.")),
      this.verdict, h("div", { className: "compare-slots" }, slots));
    if (this.reference && this.photo) await this.compare(slots);
  }

  async slot(place, words, name) {
    const input = h("input", { type: "file", accept: "image/*", hidden: true, onchange: (event) => this.take(event.target.files, place) });
    const row = h("input", { type: "search", placeholder: "or find one by its path", ariaLabel: `${words}: find by path`, onkeydown: async (event) => {
      if (event.key !== "Enter" || !event.target.value.trim()) return;
      const found = await get(`/api/pictures?words=${encodeURIComponent(event.target.value)}&n=1`);
      if (found.pictures[0]) this.change({ [place]: String(found.pictures[0].row) }); else event.target.setCustomValidity("no such picture");
      event.target.reportValidity();
      event.target.oninput = () => event.target.setCustomValidity("");
    } });
    const choose = h("button", { type: "button", className: "quiet", onclick: () => input.click() }, name ? "Another" : "Choose a picture");
    let picture = null;
    if (name) picture = isUpload(name) ? { path: "Your picture", source: sent(name), href: `/?like=${name}` } : await get(`/api/pictures/${name}`).then((one) => ({ ...one, source: thumbnail(one), href: `/picture/${one.row}` }));
    const image = picture && h("img", { src: picture.source, alt: picture.path });
    const frame = picture && h("div", { className: "frame" }, image);
    if (image) image.onload = () => frame.style.setProperty("--a", String(image.naturalWidth / image.naturalHeight));
    const node = h("section", { className: picture ? "slot full" : "slot", ariaLabel: words }, h("h2", {}, words), frame,
      picture ? h("p", { className: "path" }, h("a", { href: picture.href }, fileName(picture.path) || picture.path)) : h("p", { className: "soft" }, "Drop a picture here, choose one, or drag one from a wall."),
      h("div", { className: "buttons" }, choose, input), row);
    for (const name of ["dragover", "dragleave", "drop"]) {
      node.addEventListener(name, (event) => {
        event.preventDefault();
        event.stopPropagation();
        document.body.classList.remove("dragging");
        node.classList.toggle("over", name === "dragover");
        if (name !== "drop") return;
        const row = event.dataTransfer.getData("application/x-row");
        if (row) this.change({ [place]: row }); else this.take(event.dataTransfer.files, place);
      });
    }
    return node;
  }

  async compare([reference]) {
    this.verdict.replaceChildren(h("p", { className: "soft" }, "Comparing \u2026"));
    let found;
    try {
      found = await get(`/api/compare?reference=${this.reference}&photo=${this.photo}`);
    } catch (error) {
      this.verdict.replaceChildren(h("p", { className: "absent" }, error.message));
      return;
    }
    const canvas = h("canvas", { width: 32, height: 32, role: "img", ariaLabel: "Where they differ, on the reference" });
    const context = canvas.getContext("2d"), shade = context.createImageData(32, 32), most = Math.max(found.difference, 3);
    found.heat.flat().forEach((value, i) => { // nothing up to 1, then amber to red
      const share = Math.min(Math.max((value - 1) / (most - 1), 0), 1);
      shade.data.set([255 - 60 * share, 190 - 165 * share, 40, value > 1 ? 90 + 150 * share : 0], 4 * i);
    });
    context.putImageData(shade, 0, 0);
    canvas.style.opacity = String(this.strength);
    const frame = reference.querySelector(".frame");
    frame.append(canvas);
    if (!found.same && !found.everywhere) frame.append(h("span", { className: "spot", style: { left: `${found.place[0] / 2.56}%`, top: `${found.place[1] / 2.56}%` } }));
    const kind = found.same_kind === null ? "" : found.same_kind ? "Both are of one kind." : "They are of different kinds.";
    const more = found.percentile_random === null ? "" : ` Their similarity is ${found.similarity.toFixed(3)}: more than that of ${found.percentile_random.toFixed(0)} % of the pairs here.`;
    this.verdict.replaceChildren(h("p", { className: "lead" }, found.words), h("p", {}, kind + more),
      h("p", { className: "soft" }, `They differ at ${percent(found.share)} of all places; ${found.shift.some(Boolean) ? `the photo was moved by ${found.shift[1]} pixels across and ${found.shift[0]} down to lie on the reference.` : "the photo lies on the reference as it is."}`),
      h("label", { className: "slider" }, h("span", {}, "Colour of what differs"), h("input", { type: "range", min: 0, max: 1, step: 0.05, value: this.strength, oninput: (event) => { this.strength = Number(event.target.value); canvas.style.opacity = String(this.strength); } })),
      h("p", {}, h("button", { type: "button", className: "quiet", onclick: () => this.change({ reference: this.photo, photo: this.reference }) }, "Swap them")));
  }
}
