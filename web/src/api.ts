/**
 * The plane's API, called with the token of whoever opened the page.
 *
 * The token comes in the address behind `#`, which browsers never send, or from the form; it is
 * kept for this tab alone and taken out of the address at once.
 */
const BASE = "/providers/hanza.federation/v1";
/** What a plane says of its time is that of the second, and somewhat old when it comes. */
const SAME_CLOCK_MS = 3000;
const KEPT_AS = "hanza.token";

/** What the plane said no to, in its words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
    readonly hint: string | null,
  ) {
    super(text);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

export function takeToken(): string | null {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("token");
  if (token !== null) {
    said.delete("token");
    const rest = said.toString();
    history.replaceState(null, "", location.pathname + (rest === "" ? "" : `#${rest}`));
    keepToken(token);
  }
  return keptToken();
}

/** That of this tab, as it was given to it or to the tab that opened it. */
export function keptToken(): string | null {
  return sessionStorage.getItem(KEPT_AS);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEPT_AS, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEPT_AS);
}

export class Api {
  /** How far the plane's clock is ahead of this browser's, in ms. */
  private ahead = 0;

  constructor(private readonly token: string) {}

  /** Now, by the plane's clock to the second. */
  now(): number {
    return Date.now() + this.ahead;
  }

  async items<T>(path: string): Promise<T[]> {
    const document = await this.get<{ items: T[] }>(path);
    return document.items;
  }

  get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", BASE + path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>("POST", BASE + path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>("PUT", BASE + path, body);
  }

  /** Asks for its end; the plane may take a moment. */
  async delete(path: string): Promise<void> {
    await this.send(BASE + path, { method: "DELETE" });
  }

  /** The demo's desk, which only the demo's plane has. */
  desk<T>(method: "GET" | "POST", path: string): Promise<T> {
    return this.ask<T>(method, `/demo/v1${path}`);
  }

  /** The stream of events after a serial. */
  async events(
    after: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const response = await this.send(`${BASE}/events`, {
      headers: { accept: "text/event-stream", "last-event-id": String(after) },
      signal,
    });
    if (response.body === null) throw new Unreachable("the plane sent no stream");
    return response.body;
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const said =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await this.send(path, { method, ...said });
    return (await response.json()) as T;
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers, cache: "no-store" });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Unreachable("the plane does not answer");
    }
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) {
      const ahead = date - Date.now();
      this.ahead = Math.abs(ahead) > SAME_CLOCK_MS ? ahead : 0;
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}

async function refusalOf(response: Response): Promise<Refused> {
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const text = String(problem.detail ?? `the plane answered ${response.status}`);
  const hint = typeof problem.hint === "string" ? problem.hint : null;
  return new Refused(response.status, String(problem.code ?? "unknown"), text, hint);
}
