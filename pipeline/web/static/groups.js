// Groups: the pictures that stand for them; and one group as a wall.
import { counted, fileName, h, percent } from "./dom.js";
import { get, thumbnail } from "./api.js";
import { Wall, picker, tile } from "./wall.js";
import { lines } from "./charts.js";

export const open = ({ part }) => (part ? one(part) : all());

async function all() {
  const found = await get("/api/groups");
  const cards = found.groups.map((group) => h("a", { className: "group-card", href: `/groups/${group.number}` },
    h("div", { className: "mosaic" }, group.pictures.slice(0, 5).map((one, i) => h("img", { src: thumbnail(one, i ? 192 : 384), alt: "", loading: "lazy" }))),
    h("h2", {}, `Group ${group.number} \u00b7 ${counted(group.size, "picture")}`),
    h("p", {}, group.label ? `${percent(group.share)} ${group.label}` : fileName(group.pictures[0].path))));
  const split = found.curve.find((one) => one.k === found.k);
  const curve = found.curve.length > 1 && h("details", { className: "curve" }, h("summary", {}, `Why ${found.k} groups?`),
    h("figure", {},
      lines({ series: [{ values: found.curve.map((one) => one.silhouette) }, { values: found.curve.map((one) => one.loss) }], x: found.curve.map((one) => one.k), mark: split ? found.k : null, xLabel: "number of groups, K",
        words: `Silhouette and loss for each number of groups from ${found.curve[0].k} to ${found.curve.at(-1).k}; ${found.k} were made` }),
      h("p", { className: "legend" }, h("span", { className: "key-1" }, "silhouette: how far groups lie apart"), h("span", { className: "key-2" }, "loss: how far pictures lie from the one that stands for them")),
      h("figcaption", {}, "Each number of groups that was tried; the dot is the one that was made. A larger silhouette is better; the loss falls with every group more.")));
  return { title: "Groups", node: [
    h("header", { className: "panel-head" }, h("h1", {}, `${counted(found.groups.length, "group")} of what is alike`),
      h("p", { className: "lead" }, "Each is shown by the picture that is most like all others of it. Open one to see all its pictures."), curve),
    h("div", { className: "group-cards" }, cards)] };
}

async function one(number) {
  const first = await get(`/api/groups/${Number(number)}?n=120`);
  const wall = new Wall({ label: `Group ${number}` });
  const more = h("button", { type: "button", className: "quiet more", onclick: () => next() }, "More");
  let start = 0, busy = false;
  const add = (found) => {
    wall.add(found.pictures.map((picture, i) => tile(picture, { caption: h("span", { className: "score" }, picture.similarity.toFixed(3)), extra: h("span", { className: "of" }, start + i ? picture.label || fileName(picture.path) : "stands for the group") })));
    start += found.pictures.length;
    more.hidden = start >= found.size;
  };
  const next = async () => {
    if (busy || start >= first.size) return;
    busy = true;
    add(await get(`/api/groups/${Number(number)}?start=${start}&n=120`));
    busy = false;
  };
  add(first);
  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && next(), { rootMargin: "800px" });
  return { title: `Group ${number}`, shown: () => { wall.lay(); watcher.observe(more); }, leave: () => watcher.disconnect(), node: [
    h("header", { className: "panel-head" },
      h("p", { className: "crumbs" }, h("a", { href: "/groups" }, "All groups")),
      h("h1", {}, `Group ${first.number}`),
      h("p", { className: "lead" }, `${counted(first.size, "picture")}, the most like the one that stands for them first.`),
      h("p", { className: "buttons" }, h("a", { className: "quiet", href: `/?like=${first.pictures[0].row}` }, "Search with the first"), picker())),
    wall.node, more] };
}
