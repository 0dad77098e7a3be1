// The draft as lines of the pack's own form: what an administrator puts into the documents by hand.

import type { DraftLine } from "../wire.ts";

const HEAD = "# Ways of asking for the pack's documents: each list belongs into the front matter of the document with that source.";

/** One table a document, in the order of the lines. A string of JSON is one of TOML, too. */
export function draftText(lines: readonly Pick<DraftLine, "document" | "phrasing">[]): string {
  const asks = new Map<string, string[]>();
  for (const { document, phrasing } of lines) asks.set(document, [...(asks.get(document) ?? []), phrasing]);
  const tables = [...asks].map(([source, phrasings]) => {
    const list = phrasings.map((phrasing) => `  ${JSON.stringify(phrasing)},\n`).join("");
    return `[[document]]\nsource = ${JSON.stringify(source)}\nasks = [\n${list}]\n`;
  });
  return [`${HEAD}\n`, ...tables].join("\n");
}
