// Asks the server; every error is said in its own words.
import { note } from "./dom.js";

export const known = { status: null };

export class Problem extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

async function answered(response) {
  if (response.ok) return response;
  let detail = `the server answered ${response.status}`;
  try { detail = (await response.json()).detail; } catch { /* no problem of ours */ }
  throw new Problem(response.status, detail);
}

async function asked(place, options) {
  try {
    return await answered(await fetch(place, options));
  } catch (error) {
    if (error instanceof Problem || error.name === "AbortError") throw error;
    throw new Problem(0, "the server doesn\u2019t answer; is `pipeline serve` still running?");
  }
}

function seen(body) { // an answer of another version than the page shows
  if (body.version && known.status && body.version !== known.status.version) isNew();
  return body;
}

function isNew() {
  if (document.querySelector(".note .reload")) return;
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "link reload", textContent: "Load it again", onclick: () => location.reload() });
  note("The folder has been brought up to date; this page still shows it as it was. ", { action: again });
}

export const get = async (place, options) => seen(await (await asked(place, options)).json());
export const post = async (place, body, options = {}) => {
  const headers = { "content-type": "application/json" };
  return seen(await (await asked(place, { method: "POST", headers, body: JSON.stringify(body), ...options })).json());
};
export const send = async (file) => (await asked("/api/uploads", { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file })).json();

export const thumbnail = (picture, side = 384) => `/api/pictures/${picture.row}/thumbnail?side=${side}&tag=${picture.tag}`;
export const original = (picture) => `/api/pictures/${picture.row}/original?tag=${picture.tag}`;
export const sent = (id, side = 384) => `/api/uploads/${id}/thumbnail?side=${side}`;

export async function refresh() {
  known.status = await (await asked("/api/status")).json();
  return known.status;
}

export function watch() { // every few seconds while the page is looked at
  setInterval(async () => {
    if (document.hidden) return;
    try { seen(await (await asked("/api/status")).json()); } catch { /* said when something is asked */ }
  }, 5000);
}
