// Every request the pages make, each in one function.

import type {
  AdoptRequest,
  Answers,
  CallSummary,
  DemoMessages,
  DoneRequest,
  JoinToken,
  Status,
  TakeRequest,
  UnmergeRequest,
  WithdrawRequest,
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

export const fetchStatus = (): Promise<Status> => answer("GET /v1/status");

/** Requests a token for a new room; the server chooses identity and rights. */
export const fetchToken = (): Promise<JoinToken> => answer("POST /v1/token", { body: {} });

export async function fetchSummary(token: string): Promise<SummaryAnswer> {
  const response = await send("GET /v1/summary/{token}", { parameter: token });
  if (response.status === 202) return { kind: "pending" };
  if (response.status === 404 || response.status === 410) return { kind: "gone" };
  return { kind: "ready", summary: await read<CallSummary>(response) };
}

/** null where the server does not show demonstration messages. */
export async function fetchDemoMessages(): Promise<DemoMessages | null> {
  const response = await send("GET /v1/demo/messages");
  return response.status === 404 ? null : read(response);
}

/** The supervisor's requests; all carry the key. */
export class SupervisorApi {
  constructor(private readonly key: string) {}

  readonly topics = () => this.ask("GET /v1/topics");
  readonly calls = (query: URLSearchParams) => this.ask("GET /v1/calls", { query });
  readonly call = (id: string) => this.ask("GET /v1/calls/{id}", { parameter: id });
  /** Opus in Ogg, all of it. */
  async recording(id: string): Promise<Blob> {
    const response = await send("GET /v1/calls/{id}/recording", { parameter: id, key: this.key });
    if (!response.ok) throw new ApiFailure(response.status, `The server answered ${response.status}.`, await reason(response));
    try {
      return await response.blob();
    } catch {
      throw new ApiFailure(0, "The recording broke off.");
    }
  }

  readonly profile = (id: string) => this.ask("GET /v1/profiles/{id}", { parameter: id });
  readonly worker = () => this.ask("GET /v1/worker");

  /** What an unmerge of this profile would separate; needs the administrator's key. */
  readonly separation = (id: string) => this.ask("GET /v1/profiles/{id}/unmerge", { parameter: id });

  readonly unmerge = (id: string, body: UnmergeRequest) =>
    this.ask("POST /v1/profiles/{id}/unmerge", { parameter: id, body });

  /** What callers asked and nobody wrote down. */
  readonly gaps = (query: URLSearchParams) => this.ask("GET /v1/gaps", { query });
  readonly draft = () => this.ask("GET /v1/gaps/draft");

  /** These need the administrator's key. */
  readonly adopt = (body: AdoptRequest) => this.ask("POST /v1/gaps/adopt", { body });
  readonly withdraw = (body: WithdrawRequest) => this.ask("POST /v1/gaps/withdraw", { body });

  /** What was promised to callers. */
  readonly callbacks = (query: URLSearchParams) => this.ask("GET /v1/callbacks", { query });

  /** Who may take something that the company offers. */
  readonly leads = (query: URLSearchParams) => this.ask("GET /v1/leads", { query });

  /** These need the administrator's key. */
  readonly takeCallback = (id: string, body: TakeRequest) => this.ask("POST /v1/callbacks/{id}/take", { parameter: id, body });
  readonly finishCallback = (id: string, body: DoneRequest) => this.ask("POST /v1/callbacks/{id}/done", { parameter: id, body });

  private ask<R extends keyof Answers>(request: R, details: Details = {}): Promise<Answers[R]> {
    return answer(request, { ...details, key: this.key });
  }
}

interface Details {
  /** What stands in braces in the request's path. */
  parameter?: string;
  query?: URLSearchParams;
  /** Sent as JSON. */
  body?: object;
  key?: string;
}

async function answer<R extends keyof Answers>(request: R, details: Details = {}): Promise<Answers[R]> {
  return read(await send(request, details));
}

/** A request is named as in `Answers`: only what the interface describes can be asked. */
async function send(request: keyof Answers, { parameter = "", query, body, key }: Details = {}): Promise<Response> {
  const [method = "", template = ""] = request.split(" ");
  const path = template.replace(/\{\w+\}/, encodeURIComponent(parameter));
  const headers = new Headers();
  if (key !== undefined) headers.set("Authorization", `Bearer ${key}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const init: RequestInit = { method, headers, cache: "no-store" };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(query ? `${path}?${query}` : path, init);
  } catch {
    throw new ApiFailure(0, "The server cannot be reached.");
  }
}

async function read<T>(response: Response): Promise<T> {
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
