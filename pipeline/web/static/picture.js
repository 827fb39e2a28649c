// One picture: as it is, what is known of it, and what is most like it.
import { bytes, counted, fileName, h } from "./dom.js";
import { get, original, thumbnail } from "./api.js";
import { Wall, choose, chosen, picker, tile } from "./wall.js";

export async function open({ part }) {
  const row = Number(part), one = await get(`/api/pictures/${row}`);
  const like = await get(`/api/pictures/${row}/neighbours?n=24`);
  const image = h("img", { src: thumbnail(one), alt: one.path });
  const whole = new Image();
  whole.onload = () => { image.src = whole.src; }; // what a browser can't show, or has gone, stays as it is
  whole.src = original(one);
  const fact = (name, ...words) => (words.flat().filter(Boolean).length ? [h("dt", {}, name), h("dd", {}, words)] : []);
  const wall = new Wall({ label: "Most like it", height: 150 });
  wall.add(like.results.map((other) => tile(other, { caption: h("span", { className: "score" }, other.similarity.toFixed(3)), extra: h("span", { className: "of" }, other.label || fileName(other.path)), said: other.means })));
  return { title: fileName(one.path), shown: () => wall.lay(), node: [
    h("div", { className: "one" },
      h("div", { className: "one-frame", style: { "--a": String(Math.min(Math.max(one.width / one.height, 0.6), 2.2)) } }, image),
      h("div", {},
        h("h1", {}, fileName(one.path)),
        h("dl", {},
          fact("Path", one.path), fact("Size", `${one.width} \u00d7 ${one.height} pixels`, one.bytes ? `, ${bytes(one.bytes)}` : ""),
          fact("Changed", one.time ? new Date(1000 * one.time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : ""),
          fact("Label", one.label), fact("Group", one.group ? h("a", { href: `/groups/${one.group}` }, `group ${one.group}`) : ""),
          fact("Unusual", one.rank ? `rank ${one.rank.toLocaleString("en")} of ${one.ranks.toLocaleString("en")}${one.distance === null ? "" : `, ${one.distance.toFixed(3)} to the nearest that is no copy`}${one.stands_out ? "; it stands out" : ""}` : ""),
          fact(counted(one.copies.length, "copy", "copies"), one.copies.slice(0, 12).map((copy) => h("div", {}, h("a", { href: `/picture/${copy.picture.row}` }, copy.picture.path), { yes: " (to keep)", no: " (could go)", unsure: " (look first)" }[copy.keep])))),
        h("p", { className: "buttons" },
          h("a", { className: "quiet", href: `/?like=${row}` }, "Search with it"),
          like.results[0] && h("a", { className: "quiet", href: `/compare?reference=${row}&photo=${like.results[0].row}` }, "Compare with the nearest"),
          h("a", { className: "quiet", href: `/map?at=${row}` }, "Show it on the map"),
          h("a", { className: "quiet", href: original(one), target: "_blank", rel: "noopener" }, "Open the original"),
          h("button", { type: "button", className: "quiet", onclick: () => choose(one, !chosen.has(row)) }, "Select")))),
    h("h2", { className: "wall-title" }, "Most like it"), picker(), wall.node] };
}
