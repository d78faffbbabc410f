/** How things are said: times, countries, conditions.  Pure. */
import type { Condition, InstanceDoc, Place, RelaxationDoc } from "./league";

const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });
const EURO = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

export const CONDITIONS: Record<Condition, string> = {
  steady: "heard",
  partly: "some hosts are silent",
  unplugged: "unplugged",
  silent: "silent",
  contested: "two copies of its key",
  refused: "its reports are refused",
  revoked: "its agent was revoked",
  empty: "nobody has joined",
};

export function countryName(code: string): string {
  return COUNTRIES.of(code) ?? code;
}

/** `14:03:22`, in the reader's own time. */
export function clock(at: number | string): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** The same words, with the plane's times of day in the reader's own. */
export function inLocalTime(text: string, at: string): string {
  const day = new Date(at).toISOString().slice(0, 11);
  return text.replace(/(\d\d:\d\d:\d\d) UTC/g, (_, time: string) => clock(`${day}${time}Z`));
}

/** `48 s`, `2 min 10 s`, `1 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function list(words: string[]): string {
  return new Intl.ListFormat("en").format(words);
}

/** What a guest does, in a word or two. */
export function doing(one: InstanceDoc): string {
  const { state, power, boot } = one.status;
  if (state === "pending") return "waits for a place";
  if (state === "creating") return "is being made";
  if (state === "deleting") return "is ending";
  if (state === "error") return "cannot run";
  if (power !== "on") return "is off";
  return boot === "seen" ? "runs" : "is starting";
}

export function lastWords(one: InstanceDoc): string {
  return one.status.serialTail.trim().split("\n").pop() ?? "";
}

/** Which boot of its disk a guest says it is in; null when it has not said. */
export function bootOf(one: InstanceDoc): string | null {
  return /boot (\d+) of this disk/.exec(lastWords(one))?.[1] ?? null;
}

/** `+4 ms to Split, HR: 3 more sites (5 hosts, from €7.43 a month)`. */
export function helps(one: RelaxationDoc): string {
  const price = one.pricePerMonth === null ? "" : `, from ${euro(one.pricePerMonth)} a month`;
  const [first] = one.which;
  const sites = one.which.length === 1 ? `site ${first}` : `${one.sites} more sites`;
  const opened = first === undefined ? "" : `: ${sites}`;
  return `${one.text}${opened} (${count(one.hosts, "host")}${price})`;
}

/** For a month, from whole micro-euro. */
export function euro(amount: number): string {
  return EURO.format(amount / 1e6);
}

/** `2 of 3 hosts heard`, where some are lost and not all. */
export function heardHostsOf({ hostCount, lost }: Place): string {
  return `${hostCount - lost.length} of ${count(hostCount, "host")} heard`;
}

/** How much of its memory a site has given away. */
export function takenOf({ heldMemoryMiB, memoryMiB }: Place): string {
  return memoryMiB === 0 ? "offers nothing yet" : `${heldMemoryMiB} of ${memoryMiB} MiB taken`;
}
