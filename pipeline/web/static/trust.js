// Trust: how good the model is beside simple methods, and how its training went.
import { h, percent } from "./dom.js";
import { get } from "./api.js";
import { lines } from "./charts.js";

const NAMES = { model: "the model", "own part": "the model, own part alone", histogram: "colour histogram", HOG: "outlines (HOG)", untrained: "the same, untrained", pixels: "32\u00d732 pixels", chance: "chance" };
const capital = (words) => words[0].toUpperCase() + words.slice(1);

export async function open() {
  const found = await get("/api/trust"), { evaluation } = found;
  const embeddings = evaluation.embeddings || {}, views = evaluation.views || {};
  const names = [...new Set([...Object.keys(embeddings), ...Object.keys(views)])];
  const meter = (value) => (value === undefined || value === null ? "\u2013" : h("span", { className: "meter", style: { "--share": String(value) } }, h("span", {}, percent(value, 1))));
  const said = [...evaluation.verdict, ...(evaluation.doubts || [])];
  const table = h("table", { className: "wide" }, h("caption", {}, "Larger is better. Top 4: of the four most similar others, how many have the picture\u2019s label. Second view: how often a picture is found again from another view of it."),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What is compared by"), evaluation.classes && [h("th", { scope: "col", className: "number" }, "Top 4"), h("th", { scope: "col", className: "number" }, "Top 1"), h("th", { scope: "col", className: "number" }, "mAP at R")], h("th", { scope: "col", className: "number" }, "Second view"))),
    h("tbody", {}, names.map((name) => h("tr", { className: name === "model" ? "ours" : "" }, h("th", { scope: "row" }, NAMES[name] || name),
      evaluation.classes && [h("td", { className: "number" }, meter(embeddings[name]?.top4)), h("td", { className: "number" }, meter(embeddings[name]?.top1)), h("td", { className: "number" }, meter(embeddings[name]?.map_at_r))],
      h("td", { className: "number" }, meter(views[name]))))));
  const { history } = found, best = history.length ? history.reduce((a, b) => (b.validation_loss < a.validation_loss ? b : a)) : null;
  const warned = evaluation.verdict.filter((words) => words.startsWith("warning:")).length;
  return { node: [
    h("header", { className: "panel-head" }, h("h1", {}, "Can it be trusted?"),
      h("p", { className: warned ? "lead judgement warned" : "lead judgement" }, !warned ? "Yes: the model finds what looks alike better than every simple method measured beside it." : warned === evaluation.verdict.length ? "Not yet: a simple method finds what looks alike as well or better." : "In part: by one of two measures a simple method is as good as the model.")),
    h("div", { className: "trust-parts" },
      h("div", { className: "scroll" }, table),
      h("details", {}, h("summary", {}, "In figures"), said.map((words) => h("p", { className: words.startsWith("warning:") ? "verdict warned" : "verdict" }, `${capital(words.replace("warning: ", ""))}.`))),
      h("section", {}, h("h2", {}, "The training"), history.length > 1 ? h("figure", {},
        lines({ series: [{ values: history.map((one) => one.loss) }, { values: history.map((one) => one.validation_loss) }], x: history.map((one) => one.epoch), mark: null, xLabel: "epoch", words: `Loss of ${history.length} epochs; the best on pictures it did not see is ${best.validation_loss.toPrecision(3)} at epoch ${best.epoch}` }),
        h("p", { className: "legend" }, h("span", { className: "key-1" }, "on what it learns from"), h("span", { className: "key-2" }, "on pictures it does not see")),
        h("figcaption", {}, `${history.length} epochs; the weights of epoch ${best.epoch} are kept.`))
        : h("p", { className: "soft" }, history.length ? "It was trained for one epoch." : "Nothing was trained: the encoder is a network of other origin.")))] };
}
