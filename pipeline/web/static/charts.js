// Small charts in the report's look.
import { s } from "./dom.js";

const WIDTH = 720, HEIGHT = 230, LEFT = 52, RIGHT = 16, TOP = 14, BOTTOM = 42;

export function lines({ series, x, xLabel, words, mark = null, digits = 2 }) {
  const all = series.flatMap((one) => one.values), low = Math.min(...all, 0), high = Math.max(...all) || 1;
  const across = (value) => LEFT + (value - x[0]) / (x.at(-1) - x[0] || 1) * (WIDTH - LEFT - RIGHT);
  const down = (value) => HEIGHT - BOTTOM - (value - low) / (high - low || 1) * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, 0.5, 1].map((share) => low + share * (high - low));
  const marks = mark === null ? [] : series.slice(0, 1).map((one) => s("circle", { class: "mark", cx: across(mark), cy: down(one.values[x.indexOf(mark)]), r: 5.5 }));
  return s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
    ticks.map((value) => [s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: down(value), y2: down(value) }), s("text", { class: "tick", x: LEFT - 8, y: down(value) + 4, "text-anchor": "end" }, value.toFixed(digits))]),
    [x[0], x[Math.floor(x.length / 2)], x.at(-1)].map((value) => s("text", { class: "tick", x: across(value), y: HEIGHT - BOTTOM + 20, "text-anchor": "middle" }, String(value))),
    s("text", { class: "tick", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, xLabel),
    series.map((one, i) => s("polyline", { class: `line line-${i + 1}`, points: one.values.map((value, j) => `${across(x[j]).toFixed(1)},${down(value).toFixed(1)}`).join(" ") })),
    marks);
}

export function histogram({ counts, largest, tailFrom, xLabel, words }) {
  const high = Math.max(...counts) || 1, step = (WIDTH - LEFT - RIGHT) / counts.length;
  const down = (value) => HEIGHT - BOTTOM - value / high * (HEIGHT - TOP - BOTTOM);
  return s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
    [0, high].map((value) => [s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: down(value), y2: down(value) }), s("text", { class: "tick", x: LEFT - 8, y: down(value) + 4, "text-anchor": "end" }, value.toLocaleString("en"))]),
    [0, 0.5, 1].map((share) => s("text", { class: "tick", x: LEFT + share * (WIDTH - LEFT - RIGHT), y: HEIGHT - BOTTOM + 20, "text-anchor": share === 1 ? "end" : "middle" }, (share * largest).toFixed(2))),
    s("text", { class: "tick", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, xLabel),
    counts.map((count, i) => count > 0 && s("rect", { class: (i + 1) / counts.length * largest > tailFrom ? "bar tail" : "bar", x: LEFT + i * step + 1, y: down(count), width: Math.max(step - 2, 1), height: Math.max(HEIGHT - BOTTOM - down(count), 1.5) })).filter(Boolean));
}
