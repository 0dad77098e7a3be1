#!/usr/bin/env node
// Makes src/wire.ts, the types of what the worker answers over HTTP, from ../api/openapi.json.
//
//   node wire.mjs          writes the file
//   node wire.mjs --check  exits with 1 when the file is not what it would write

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DESCRIPTION = fileURLToPath(new URL("../api/openapi.json", import.meta.url));
const TYPES = fileURLToPath(new URL("src/wire.ts", import.meta.url));
const METHODS = ["get", "post", "put", "patch", "delete"];

const made = wire(JSON.parse(readFileSync(DESCRIPTION, "utf8")));
if (!process.argv.includes("--check")) {
  writeFileSync(TYPES, made);
} else if (readFileSync(TYPES, "utf8") !== made) {
  process.stderr.write("src/wire.ts is not what api/openapi.json describes: `npm run wire` rewrites it\n");
  process.exitCode = 1;
}

/** The file's text. */
function wire({ paths, components }) {
  const types = Object.entries(components.schemas).map(([name, schema]) => `${doc(schema.description)}${declaration(name, schema)}\n`);
  return `// Made by wire.mjs from api/openapi.json: not to be edited.\n\n${answers(paths)}\n${types.join("\n")}`;
}

/** What each request is answered with when it goes well. */
function answers(paths) {
  const lines = Object.entries(paths).flatMap(([path, operations]) =>
    METHODS.filter((method) => operations[method]).map((method) => {
      const bodies = Object.entries(operations[method].responses)
        .filter(([status]) => status.startsWith("2"))
        .map(([, { content }]) => body(content));
      return `${doc(operations[method].summary, "  ")}  "${method.toUpperCase()} ${path}": ${[...new Set(bodies)].join(" | ")};\n`;
    }),
  );
  return `/** What each request is answered with when it goes well. */\nexport interface Answers {\n${lines.join("")}}\n`;
}

/** What is no JSON is bytes. */
function body(content) {
  if (!content) return "null";
  return content["application/json"] ? type(content["application/json"].schema) : "Blob";
}

function declaration(name, schema) {
  if (schema.properties && !schema.oneOf) return `export interface ${name} ${fields(schema)}`;
  return `export type ${name} = ${type(schema)};`;
}

function fields({ properties, required = [] }, indent = "") {
  const lines = Object.entries(properties).map(
    ([name, schema]) => `${doc(schema.description, `${indent}  `)}${indent}  ${name}${required.includes(name) ? "" : "?"}: ${type(schema, `${indent}  `)};\n`,
  );
  return `{\n${lines.join("")}${indent}}`;
}

/** A schema as an expression of TypeScript. */
function type(schema, indent = "") {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) return alternatives.map((each) => type(each, indent)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((each) => type({ ...schema, type: each }, indent)).join(" | ");
  switch (schema.type) {
    case "array":
      return list(type(schema.items, indent));
    case "integer":
      return "number";
    case "object":
      return schema.properties ? fields(schema, indent) : `Record<string, ${type(schema.additionalProperties ?? {}, indent)}>`;
    case undefined:
      return "unknown";
    default:
      return schema.type;
  }
}

function list(item) {
  return /^\w+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function doc(text, indent = "") {
  return text ? `${indent}/** ${text.replaceAll("\n", " ")} */\n` : "";
}
