// The frame: which panel an address shows, and what all panels share.
import { element, h, note } from "./dom.js";
import { known, refresh, send, watch } from "./api.js";

const PANELS = [["", "Search"], ["groups", "Groups"], ["unusual", "Unusual"], ["duplicates", "Duplicates"], ["map", "Map"],
  ["compare", "Compare"], ["label", "Label"], ["trust", "Trust"], ["models", "Models"]];
const LOADERS = {
  "": () => import("./search.js"), groups: () => import("./groups.js"), unusual: () => import("./unusual.js"),
  duplicates: () => import("./duplicates.js"), map: () => import("./map.js"), compare: () => import("./compare.js"),
  label: () => import("./label.js"), trust: () => import("./trust.js"), models: () => import("./models.js"), picture: () => import("./picture.js"),
};

// Addresses
export const names = (text) => (text || "").split(",").filter(Boolean);
export function searchFor(like, unlike = [], rest = {}) {
  const query = new URLSearchParams(rest);
  if (like.length) query.set("like", like.join(","));
  if (unlike.length) query.set("unlike", unlike.join(","));
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `/?${text}` : "/";
}
export function go(address, { replace = false } = {}) {
  if (replace) history.replaceState(history.state, "", address);
  else {
    history.replaceState({ ...history.state, top: scrollY }, "");
    history.pushState({}, "", address);
  }
  return show();
}
export function addTo(side, name) { // to the search of this address; elsewhere it begins one
  const here = location.pathname === "/" ? new URLSearchParams(location.search) : new URLSearchParams();
  const sides = { like: names(here.get("like")), unlike: names(here.get("unlike")) };
  for (const key of Object.keys(sides)) sides[key] = sides[key].filter((one) => one !== name);
  sides[side].push(name);
  here.delete("like"); here.delete("unlike");
  return go(searchFor(sides.like, sides.unlike, here));
}

// Pictures that are sent
export async function take(files) {
  const pictures = [...files].filter((file) => file.size).slice(0, 20), ids = [];
  if (!pictures.length) return [];
  document.body.classList.add("busy");
  for (const file of pictures) {
    const { megabytes } = known.status.caps;
    try {
      if (file.size > megabytes * 2 ** 20) throw new Error(`it has more than ${megabytes} MB; make it smaller first`);
      ids.push((await send(file)).id);
    } catch (error) {
      note(`${file.name || "The picture"}: ${error.message}`, { warned: true });
    }
  }
  document.body.classList.remove("busy");
  return ids;
}

let current = null, turn = 0;
async function show() {
  const mine = ++turn, main = element("main");
  const [, panel = "", part = ""] = location.pathname.split("/");
  for (const link of document.querySelectorAll("#panels a")) {
    if (link.dataset.panel === panel) { link.setAttribute("aria-current", "page"); link.scrollIntoView({ block: "nearest", inline: "center" }); } else link.removeAttribute("aria-current");
  }
  try {
    const module = await (LOADERS[panel] || LOADERS[""])();
    if (mine !== turn) return;
    const reason = known.status.panels[panel];
    const where = { part, query: new URLSearchParams(location.search) };
    if (current?.panel === panel && current.update?.(where)) return; // it changes in place
    current?.leave?.();
    main.className = `panel-${panel || "search"}`;
    current = { panel, ...(reason ? missing(panel, reason) : await module.open(where)) };
    if (mine !== turn) return;
    main.replaceChildren(...[current.node].flat());
    document.title = `${current.title || PANELS.find(([name]) => name === panel)?.[1] || "Picture"} \u00b7 ${known.status.name}`;
    current.shown?.();
    scrollTo(0, history.state?.top || 0);
  } catch (error) {
    if (mine !== turn) return;
    current = null;
    main.replaceChildren(h("h1", {}, "This can\u2019t be shown"), h("p", { className: "absent" }, error.message));
    if (!error.status) console.error(error);
  }
}
function missing(panel, reason) {
  return { node: [h("h1", {}, PANELS.find(([name]) => name === panel)[1]), h("p", { className: "absent" }, `There is nothing to show yet: ${reason}.`)] };
}

// What the whole page listens to
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || to.pathname.startsWith("/api/") || to.pathname.startsWith("/static/") || link.target || link.download) return;
  if (to.pathname === location.pathname && to.hash) return;
  event.preventDefault();
  go(to.pathname + to.search).then(() => { if (link.closest("nav")) element("main").focus({ preventScroll: true }); });
});
addEventListener("popstate", show);
addEventListener("keydown", async (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    if (event.key === "Escape" && event.target.tagName === "INPUT") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    if (!document.querySelector("main [data-finds]")) await go("/");
    document.querySelector("main [data-finds]")?.focus();
  } else if (event.key === "Escape") {
    const { chosen, chooseNone } = await import("./wall.js");
    if (document.querySelector("dialog[open]")) return;
    if (chosen.size) chooseNone();
    else if (location.search && location.pathname === "/") go("/");
  }
});
for (const name of ["dragover", "drop", "dragleave"]) {
  addEventListener(name, async (event) => {
    const has = [...(event.dataTransfer?.types || [])].includes("Files");
    document.body.classList.toggle("dragging", has && name === "dragover");
    if (!has || event.defaultPrevented) return;
    event.preventDefault();
    if (name === "drop") takeSearch(event.dataTransfer.files);
  });
}
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  takeSearch(files);
});
export async function takeSearch(files) {
  const taken = current?.take ? await current.take(files) : false; // the panel may want them itself
  if (taken) return;
  const ids = await take(files);
  if (ids.length) go(searchFor(ids));
}

const theme = element("theme");
theme.addEventListener("click", () => {
  const all = ["auto", "light", "dark"], next = all[(all.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3];
  document.documentElement.dataset.theme = next;
  theme.querySelector("span").textContent = next;
  try { localStorage.setItem("theme", next); } catch { /* it holds until the page is closed */ }
  document.dispatchEvent(new Event("theme"));
});
theme.querySelector("span").textContent = document.documentElement.dataset.theme || "auto";

async function start() { // not awaited here, for the panels import this module
  history.scrollRestoration = "manual";
  try {
    await refresh();
  } catch (error) { // as while the line makes what is shown anew
    element("main").replaceChildren(h("h1", {}, "This can\u2019t be shown yet"), h("p", { className: "absent" }, `${error.message} It is asked for again every few seconds.`));
    setTimeout(start, 3000);
    return;
  }
  try {
    element("brand").textContent = known.status.name;
    element("panels").append(...PANELS.filter(([name]) => name !== "models" || known.status.models.length > 1).map(([name, words]) =>
      h("li", {}, h("a", { href: `/${name}`, dataset: { panel: name } }, words))));
    watch();
    await show();
  } catch (error) {
    element("main").replaceChildren(h("h1", {}, "This can\u2019t be shown"), h("p", { className: "absent" }, error.message));
  }
}
start();
