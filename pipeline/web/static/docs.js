// Shows what /api/openapi.json says; nothing is loaded from elsewhere.
import { element, h } from "./dom.js";

const api = await (await fetch("/api/openapi.json")).json();
const named = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.anyOf) return schema.anyOf.map(named).filter((one) => one !== "null").join(" or ");
  if (schema.type === "array") return `list of ${named(schema.items)}`;
  return schema.enum ? schema.enum.join(" | ") : schema.const ?? schema.type ?? "anything";
};
const fields = (name) => {
  const schema = api.components.schemas[name];
  if (!schema?.properties) return "";
  return h("details", {}, h("summary", {}, name), schema.description && h("p", { className: "small" }, schema.description),
    h("table", {}, h("caption", { className: "unseen" }, name), h("tbody", {}, Object.entries(schema.properties).map(([key, one]) =>
      h("tr", {}, h("th", { scope: "row" }, h("code", {}, key)), h("td", {}, named(one)), h("td", { className: "soft" }, one.description || ""))))));
};
element("about").textContent = api.info.description;
for (const [place, methods] of Object.entries(api.paths)) {
  for (const [method, asked] of Object.entries(methods)) {
    const body = named(asked.requestBody?.content?.["application/json"]?.schema);
    const good = Object.entries(asked.responses).find(([status]) => status.startsWith("2"))?.[1];
    const given = named(good?.content?.["application/json"]?.schema);
    element("questions").append(h("section", { className: "question" },
      h("h2", {}, h("code", {}, `${method.toUpperCase()} ${place}`)), h("p", {}, asked.description),
      asked.parameters?.length && h("table", {}, h("caption", { className: "unseen" }, "Parameters"), h("tbody", {}, asked.parameters.map((one) =>
        h("tr", {}, h("th", { scope: "row" }, h("code", {}, one.name), one.required ? "" : " (optional)"), h("td", {}, named(one.schema), one.schema.default !== undefined && one.schema.default !== "" ? `, ${one.schema.default} if left out` : ""), h("td", { className: "soft" }, one.description || ""))))),
      body && h("p", { className: "small" }, "Takes:"), fields(body), given && h("p", { className: "small" }, "Gives:"), fields(given)));
  }
}
