// A stand-in for the worker's HTTP side, for tests of the pages alone: serves
// dist/ under the content security policy that the pages support, and answers
// from `answers`, which a test may change at any time.

import { createHmac, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const LIVEKIT_CLIENT = fileURLToPath(new URL("../../node_modules/livekit-client/dist/", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** The strictest policy the pages run under; only the LiveKit server's address is added to it. */
export function contentSecurityPolicy(livekitUrl) {
  const server = livekitUrl ? ` ${livekitUrl} ${livekitUrl.replace(/^ws/, "http")}` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${server}`,
    "media-src 'self' blob: mediastream:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

/**
 * Starts on a free port of loopback. `livekit`: { url, key, secret } of a real server, or null.
 * `answers` maps "METHOD /path" to a function of the request giving { status, body }.
 */
export async function startMock({ livekit = null, answers = {} } = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    requests.push({ method: request.method, path: url.pathname, query: url.search, headers: request.headers });
    const answer = answers[`${request.method} ${url.pathname}`] ?? answers[`${request.method} ${wildcard(url.pathname)}`];
    const sent = request.method === "POST" ? await text(request) : "";
    const { status, body } = answer ? await answer({ url, headers: request.headers, sent }) : { status: 404, body: {} };
    if (!answer && request.method === "GET" && !url.pathname.startsWith("/v1/")) {
      return serveFile(response, url.pathname, livekit?.url);
    }
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url, answers, requests, close };
}

/** "/v1/calls/123" as "/v1/calls/*", and what is below it alike. */
function wildcard(path) {
  return path.replace(/^(\/v1\/[^/]+)\/[^/]+/, "$1/*");
}

async function text(request) {
  let all = "";
  for await (const part of request) all += part;
  return all;
}

async function serveFile(response, path, livekitUrl) {
  const file = path.startsWith("/mock/")
    ? join(path.endsWith("umd.js") ? LIVEKIT_CLIENT : HERE, path.slice("/mock/".length))
    : join(DIST, normalize(path === "/" ? "/index.html" : path));
  try {
    const content = await readFile(file);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": path.startsWith("/mock/") ? "" : contentSecurityPolicy(livekitUrl),
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

/** A LiveKit access token, signed here; `claims` adds to or replaces what a caller gets. */
export function accessToken({ key, secret }, room, identity, claims = {}) {
  const now = Math.floor(Date.now() / 1000);
  const { video, ...rest } = claims;
  const grants = { room, roomJoin: true, canUpdateOwnMetadata: false, ...video };
  const payload = { iss: key, sub: identity, nbf: now - 5, exp: now + 600, ...rest, video: grants };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** The token endpoint: each caller gets a room of its own, whose name `onRoom` receives. */
export function tokenEndpoint(livekit, onRoom = () => undefined) {
  return () => {
    const room = `test-${randomUUID()}`;
    onRoom(room);
    const participant_token = accessToken(livekit, room, `caller-${randomUUID()}`);
    return { status: 201, body: { server_url: livekit.url, participant_token } };
  };
}
