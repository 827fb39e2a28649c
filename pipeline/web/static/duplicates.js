// Duplicates: groups of copies side by side. What could go is marked; the list is taken away, nothing is deleted.
import { bytes, counted, download, fileName, h, quoted } from "./dom.js";
import { get } from "./api.js";
import { shaped } from "./unusual.js";

const AT_ONCE = 60;
const BADGES = { yes: ["keep", ""], no: ["could go", "go"], unsure: ["look first", "look"] };

export async function open() {
  const found = await get(`/api/duplicates?n=${AT_ONCE}`);
  if (!found.total) return { node: [h("h1", {}, "No copies"), h("p", { className: "lead" }, "No two pictures of the folder are the same, byte for byte or nearly.")] };
  const marked = new Map(), shownRows = new Map(); // row -> member
  const words = h("b", {}), list = h("div", { className: "copy-groups" });
  const everything = new Set(found.spare_rows);
  let all = null; // members of all groups, once they are asked for
  const tell = () => {
    const size = [...marked.values()].reduce((sum, one) => sum + (one?.bytes || 0), 0);
    words.textContent = marked.size ? `${counted(marked.size, "picture")} marked, ${bytes(size)}` : "Nothing is marked";
  };
  const mark = (member, on, item) => {
    if (on) marked.set(member.row, member); else marked.delete(member.row);
    item?.classList.toggle("goes", on);
    tell();
  };
  const whole = async () => { // what is marked may lie in groups that are not shown yet
    if (!all) {
      all = [];
      for (let start = 0; start < found.total; start += 500) all.push(...(await get(`/api/duplicates?start=${start}&n=500`)).groups.flatMap((group) => group.members));
    }
    return all;
  };
  const markAll = async () => {
    for (const member of await whole()) if (everything.has(member.row)) marked.set(member.row, member);
    redraw();
  };
  const redraw = () => {
    for (const [row, [member, item, check]] of shownRows) { check.checked = marked.has(row); item.classList.toggle("goes", check.checked); marked.has(row) && marked.set(row, member); }
    tell();
  };
  const add = (some) => {
    list.append(...some.groups.map((group) => h("section", { className: "copy-group" },
      h("header", {}, h("h2", {}, `${counted(group.members.length, "picture")}${group.exact ? ", the same byte for byte" : ""}`),
        h("a", { className: "small", href: `/compare?reference=${group.members[0].row}&photo=${group.members[1].row}` }, "Compare the first two")),
      h("div", { className: "copy-members" }, group.members.map((member) => {
        const [name, kind] = BADGES[member.keep];
        const check = h("input", { type: "checkbox", checked: marked.has(member.row), onchange: (event) => mark(member, event.target.checked, item) });
        const item = h("div", { className: marked.has(member.row) ? "copy-member goes" : "copy-member" },
          shaped(member, { caption: "", choosable: false }),
          h("p", {}, h("span", { className: `badge ${kind}` }, name), ` ${member.width} \u00d7 ${member.height}, ${bytes(member.bytes)}`),
          h("p", { className: "path", title: member.path }, member.path),
          h("p", { className: "soft" }, member.reason),
          h("label", {}, check, h("span", {}, "mark", h("span", { className: "unseen" }, ` ${fileName(member.path)}`))));
        shownRows.set(member.row, [member, item, check]);
        return item;
      })))));
    more.hidden = list.children.length >= found.total;
  };
  const more = h("button", { type: "button", className: "quiet more", onclick: async () => add(await get(`/api/duplicates?start=${list.children.length}&n=${AT_ONCE}`)) }, "More");
  const button = (text, work, kind = "quiet") => h("button", { type: "button", className: kind, onclick: work }, text);
  add(found);
  tell();
  return { node: [
    h("header", { className: "panel-head" }, h("h1", {}, `${counted(found.total, "group")} of copies`),
      h("p", { className: "lead" }, `${counted(found.spare, "picture")} could go without a loss, which would free ${bytes(found.spare_bytes)}.`,
        found.unsure ? ` ${counted(found.unsure, "more picture", "more pictures")} should be looked at first.` : "", " Nothing is deleted here: mark what could go, and take the list away.")),
    h("div", { className: "bar-sticky" }, words,
      button(`Mark all that could go (${found.spare.toLocaleString("en")})`, markAll), button("Unmark all", () => { marked.clear(); redraw(); }),
      button("Download the list", () => download("could_go.txt", [...marked.values()].map((one) => `${one.path}\n`).join(""))),
      button("as CSV", () => download("could_go.csv", ["path,bytes,keep,reason\n", ...[...marked.values()].map((one) => `${[one.path, String(one.bytes), one.keep, one.reason].map(quoted).join(",")}\n`)].join(""), "text/csv"))),
    list, more] };
}
