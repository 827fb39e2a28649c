// Models: the same question to each of several, side by side.
import { counted, fileName, h, percent } from "./dom.js";
import { known, post } from "./api.js";
import { names, take } from "./app.js";
import { go } from "./app.js";
import { Wall, tile } from "./wall.js";

const to = (like) => `/models?like=${like.join(",")}`;

export async function open({ query }) {
  const like = names(query.get("like"));
  const input = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, onchange: async (event) => { const ids = await take(event.target.files); if (ids.length) go(to(ids)); } });
  const head = h("header", { className: "panel-head" }, h("h1", {}, "One question, several models"),
    h("p", { className: "lead" }, "The same picture is asked of every model that is served; what they share, and how many results have its label, stands above each."),
    h("p", { className: "buttons" }, h("button", { type: "button", className: "main", onclick: () => input.click() }, "Choose a picture"), input,
      h("button", { type: "button", className: "quiet", onclick: () => go(to([String(Math.floor(Math.random() * known.status.pictures))])) }, "Any of the folder")));
  const table = h("table", { className: "narrow" }, h("caption", { className: "unseen" }, "The models"), h("thead", {}, h("tr", {}, ["Model", "Numbers", "Top 4", "Second view"].map((words, i) => h("th", { scope: "col", className: i ? "number" : "" }, words)))),
    h("tbody", {}, known.status.models.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", { className: "number" }, String(one.dimensions)), h("td", { className: "number" }, one.top4 === null ? "\u2013" : percent(one.top4, 1)), h("td", { className: "number" }, one.second_view === null ? "\u2013" : percent(one.second_view, 1))))));
  if (!like.length) return { node: [head, h("div", { className: "scroll" }, table)], take: async (files) => { const ids = await take(files); if (ids.length) go(to(ids)); return true; } };
  const answer = await post("/api/models", { version: known.status.version, like, n: 24 }), walls = [];
  const columns = answer.answers.map((one) => {
    const wall = new Wall({ height: 110, label: `What ${one.model.name} finds` });
    walls.push(wall);
    wall.add(one.results.map((found) => tile(found, { href: to([String(found.row)]), caption: h("span", { className: "score" }, found.similarity.toFixed(3)), extra: h("span", { className: "of" }, found.label || fileName(found.path)) })));
    return h("section", {}, h("h2", {}, one.model.name),
      h("p", { className: "small" }, one.problem || [one.agreement === null ? "" : `${percent(one.agreement)} have the label ${answer.label}`, one.shared === null ? "" : `${percent(one.shared)} are found by the first as well`].filter(Boolean).join("; ") || counted(one.results.length, "picture")), wall.node);
  });
  return { shown: () => walls.forEach((wall) => wall.lay()), node: [head, h("div", { className: "scroll" }, table), h("div", { className: "model-columns" }, columns)], take: async (files) => { const ids = await take(files); if (ids.length) go(to(ids)); return true; } };
}
