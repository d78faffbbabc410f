/**
 * Follows the plane's events as they happen, and comes back after a break with the last serial it
 * has, so that nothing is lost.  It never asks whether something is new.
 */
import { type Api, Refused } from "./api";
import type { Happening } from "./league";

export type Link = "connecting" | "live" | "broken" | "refused";

const WAIT_MS = [500, 1000, 2000, 4000, 8000];

export async function follow(
  api: Api,
  after: number,
  happened: (one: Happening) => void,
  linked: (link: Link) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = after;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const stream = await api.events(last, signal);
      linked("live");
      failures = 0;
      for await (const one of happenings(stream)) {
        last = one.serial;
        happened(one);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status === 401) {
        linked("refused");
        return;
      }
    }
    linked("broken");
    await rest(WAIT_MS[Math.min(failures, WAIT_MS.length - 1)] ?? 8000, signal);
  }
}

/** The events of a stream, as `text/event-stream` frames them. */
async function* happenings(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Happening> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (text + value).split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const data = frame
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => line.slice("data: ".length));
      if (data.length > 0) yield JSON.parse(data.join("\n")) as Happening;
    }
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
