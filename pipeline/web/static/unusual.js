// Unusual: ranked by the distance to the nearest that is no copy, each beside that one.
import { counted, h, shortPath } from "./dom.js";
import { get } from "./api.js";
import { histogram } from "./charts.js";
import { tile } from "./wall.js";

const AT_ONCE = 60;
const shape = (picture) => Math.min(Math.max(picture.width / picture.height, 0.45), 2.6);
export function shaped(picture, options) {
  const figure = tile(picture, options);
  figure.style.setProperty("--a", String(shape(picture)));
  return figure;
}

export async function open() {
  const found = await get(`/api/unique?n=${AT_ONCE}`);
  const cards = h("ol", { className: "odd-cards" });
  const more = h("button", { type: "button", className: "quiet more", onclick: async () => add(await get(`/api/unique?start=${cards.children.length}&n=${AT_ONCE}`)) }, "More");
  const add = (some) => {
    cards.append(...some.pictures.map((one) => h("li", { className: "odd" },
      h("h2", {}, `${one.rank}.`, h("small", {}, one.distance === null ? "" : `${one.distance.toFixed(3)} to the nearest`), one.stands_out && h("span", { className: "badge go" }, "stands out")),
      h("div", { className: "pair-pics" }, shaped(one.picture, { caption: one.copies.length ? `${shortPath(one.picture.path)} \u00b7 ${counted(one.copies.length, "copy", "copies")}` : shortPath(one.picture.path) }),
        one.nearest && shaped(one.nearest, { caption: h("span", {}, "nearest: ", shortPath(one.nearest.path)) })))));
    more.hidden = cards.children.length >= found.total;
  };
  add(found);
  const last = found.pictures.filter((one) => one.stands_out).at(-1);
  return { node: [
    h("header", { className: "panel-head" },
      h("h1", {}, found.stand_out ? `${counted(found.stand_out, "picture")} ${found.stand_out === 1 ? "stands" : "stand"} out` : "Nothing stands out"),
      h("p", { className: "lead" }, "The most unusual first: those whose nearest picture, copies left out, is furthest away. Each stands beside that nearest one."),
      h("figure", { className: "histogram" }, histogram({ counts: found.counts, largest: found.largest, tailFrom: found.stand_out ? (last?.distance ?? found.largest) : found.largest + 1, xLabel: "distance to the nearest that is no copy", words: `How many of ${counted(found.total, "picture")} have which distance to their nearest, from 0 to ${found.largest.toFixed(2)}` }),
        h("figcaption", {}, `All ${counted(found.total, "picture")} by this distance, of copies one.${found.stand_out ? " In the second colour are those that stand out." : ""}`))),
    cards, more] };
}
