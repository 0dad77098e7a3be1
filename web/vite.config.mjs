// Two pages, no plug-ins. Nothing is inlined, so that the pages run under a
// content security policy without 'unsafe-inline' or data: addresses.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(here("package.json"), "utf8"));
// `npm run dev` serves the pages alone; the worker answers everything else.
const worker = process.env.TELLER_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  define: { __BUILD__: JSON.stringify(process.env.TELLER_BUILD ?? version) },
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // livekit-client alone is about 500 kB before compression.
    chunkSizeWarningLimit: 800,
    rolldownOptions: { input: [here("index.html"), here("supervisor.html")] },
  },
  server: { proxy: { "/v1": worker } },
});
