// Every request the pages make, each in one function.

import type {
  CallList,
  CallRecord,
  CallSummary,
  DemoMessages,
  JoinToken,
  ProfileHistory,
  Separation,
  Status,
  Topics,
  UnmergeRequest,
  Unmerged,
  WorkerState,
} from "./wire.ts";

/** The worker answered with an error, or did not answer (status 0). */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The worker's explanation in words; "" without one. */
    readonly reason = "",
  ) {
    super(message);
    this.name = "ApiFailure";
  }
}

/** What a one-time summary token opens right now. */
export type SummaryAnswer = { kind: "ready"; summary: CallSummary } | { kind: "pending" } | { kind: "gone" };

export const fetchStatus = (): Promise<Status> => json("/v1/status");

/** Requests a token for a new room; the server chooses identity and rights. */
export const fetchToken = (): Promise<JoinToken> =>
  json("/v1/token", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });

export async function fetchSummary(token: string): Promise<SummaryAnswer> {
  const response = await request(`/v1/summary/${encodeURIComponent(token)}`);
  if (response.status === 202) return { kind: "pending" };
  if (response.status === 404 || response.status === 410) return { kind: "gone" };
  return { kind: "ready", summary: await body(response) };
}

/** null where the server does not show demonstration messages. */
export async function fetchDemoMessages(): Promise<DemoMessages | null> {
  const response = await request("/v1/demo/messages");
  return response.status === 404 ? null : body(response);
}

/** The supervisor's requests; all carry the key. */
export class SupervisorApi {
  constructor(private readonly key: string) {}

  topics(): Promise<Topics> {
    return this.get("/v1/topics");
  }

  calls(query: URLSearchParams): Promise<CallList> {
    return this.get(`/v1/calls?${query}`);
  }

  call(id: string): Promise<CallRecord> {
    return this.get(`/v1/calls/${encodeURIComponent(id)}`);
  }

  profile(id: string): Promise<ProfileHistory> {
    return this.get(`/v1/profiles/${encodeURIComponent(id)}`);
  }

  /** What an unmerge of this profile would separate; needs the administrator's key. */
  separation(id: string): Promise<Separation> {
    return this.get(`/v1/profiles/${encodeURIComponent(id)}/unmerge`);
  }

  unmerge(id: string, request: UnmergeRequest): Promise<Unmerged> {
    return json(`/v1/profiles/${encodeURIComponent(id)}/unmerge`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
  }

  worker(): Promise<WorkerState> {
    return this.get("/v1/worker");
  }

  private get<T>(path: string): Promise<T> {
    return json(path, { headers: { Authorization: `Bearer ${this.key}` } });
  }
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return body(await request(path, init));
}

async function request(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { cache: "no-store", ...init });
  } catch {
    throw new ApiFailure(0, "The server cannot be reached.");
  }
}

async function body<T>(response: Response): Promise<T> {
  if (!response.ok) throw new ApiFailure(response.status, `The server answered ${response.status}.`, await reason(response));
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiFailure(response.status, "The server's answer could not be read.");
  }
}

/** The sentence in an error's body, if there is one. */
async function reason(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}
