// The pages belong to no trade: what they say of one comes from the worker.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
/** Words of the trade of the first pack. */
const BANKING = /\b(banks?|banking|accounts?|balances?|cards?|loans?|deposits?|withdrawals?|overdrafts?|fees?|money|currency)\b/gi;

test("no word of banking is in the built pages", () => {
  const files = readdirSync(DIST, { recursive: true }).filter((file) => /\.(html|js|css|svg)$/.test(file));
  assert.ok(files.some((file) => file.endsWith(".js")), "dist/ has no built pages");
  const found = files.flatMap((file) => {
    const text = readFileSync(join(DIST, file), "utf8");
    return [...text.matchAll(BANKING)].map(({ 0: word, index }) => `${file}: ${text.slice(Math.max(0, index - 30), index + word.length + 30)}`);
  });
  assert.deepEqual(found, []);
});
