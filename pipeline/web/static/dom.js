// Builds elements; text is always text, so no name of a file is ever taken for markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name in node && !node.namespaceURI.endsWith("svg") && !["list", "form"].includes(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);
export const element = (id) => document.getElementById(id);
export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
export const fileName = (path) => path.split("/").at(-1);
export const shortPath = (path) => path.split("/").slice(-2).join("/"); // names of files alone are often numbers

export function bytes(number) {
  const [value, unit] = number < 1e6 ? [number / 1e3, "kB"] : number < 1e9 ? [number / 1e6, "MB"] : [number / 1e9, "GB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${unit}`;
}

let waiting = 0;
export function note(words, { warned = false, action = null } = {}) { // a line that goes away by itself
  const line = h("p", { className: warned ? "note warned" : "note" }, words, action);
  const close = h("button", { type: "button", className: "link", onclick: () => line.remove() }, "Close");
  line.append(close);
  element("notes").replaceChildren(line);
  clearTimeout(waiting);
  if (!action) waiting = setTimeout(() => line.remove(), 9000);
}

export function debounced(work, milliseconds = 150) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), milliseconds); };
}

export function download(name, text, type = "text/plain") {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  setTimeout(() => { URL.revokeObjectURL(link.href); link.remove(); }, 1000);
}

export const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text); // of a CSV file
