/** Every site as a candidate for one instance, and the rules that keep sites out.  Pure. */
import type { Facts, Place, PlacementDoc, RoundTripDoc, RunnerDoc, SiteLookDoc } from "./league";

/** As many colours as the style has; letters tell apart what has the same. */
const TINTS = 8;

/** The plane tells of no more sites than this that have lost a host: the first by name. */
const SITES_TOLD = 500;

/** A rule that refuses hosts, with its letter and its colour. */
export interface RuleMark {
  letter: string;
  tint: number;
  rule: string;
  says: string;
  hosts: number;
}

export type Standing = "here" | "may" | "refused" | "none" | "untold";

export interface Candidate {
  place: Place;
  standing: Standing;
  hosts: number;
  refused: number;
  /** The first rule that keeps it out; null where a host of it may. */
  mark: RuleMark | null;
  /** All rules that refuse a host of it. */
  marks: RuleMark[];
  /** Its hosts among the best, with their place in the order. */
  best: { rank: number; runner: RunnerDoc }[];
  /** What its hosts lack, in words; hosts that lack the same are told once. */
  lacks: { hosts: number; text: string }[];
  trips: RoundTripDoc[];
}

export function marksOf(line: PlacementDoc): RuleMark[] {
  return line.explanation.refusals.map(({ rule, says, hosts }, at) => ({
    letter: letterOf(at),
    tint: at % TINTS,
    rule,
    says,
    hosts,
  }));
}

export function candidatesOf(line: PlacementDoc, facts: Facts, places: Place[]): Candidate[] {
  const marks = marksOf(line);
  const looks = new Map(line.sites.map((one) => [one.site, one]));
  return places.map((place) => {
    const hosts = facts.hosts.filter((one) => one.spec.site === place.name).length;
    const look = looks.get(place.name);
    const own = marks.filter((mark) => look?.refusals.some((one) => one.says === mark.says));
    const best = line.explanation.best.flatMap((runner, at) =>
      runner.place.site === place.name ? [{ rank: at + 1, runner }] : [],
    );
    const standing = standingOf(line, place.name, hosts, look);
    return {
      place,
      standing,
      hosts,
      refused: look?.refused ?? 0,
      mark: standing === "refused" ? (own[0] ?? null) : null,
      marks: own,
      best,
      lacks: lacksOf(line, place.name),
      trips: tripsOf(line, place.name, look),
    };
  });
}

function standingOf(
  line: PlacementDoc,
  site: string,
  hosts: number,
  look: SiteLookDoc | undefined,
): Standing {
  if (line.placement?.site === site) return "here";
  if (hosts === 0) return "none";
  const last = line.sites[SITES_TOLD - 1]?.site;
  const isBest = line.explanation.best.some((one) => one.place.site === site);
  if (look === undefined && last !== undefined && site > last && !isBest) return "untold";
  return (look?.refused ?? 0) < hosts ? "may" : "refused";
}

function lacksOf(line: PlacementDoc, site: string): { hosts: number; text: string }[] {
  const found = new Map<string, number>();
  for (const { place, lacks } of line.explanation.losers) {
    if (place.site !== site) continue;
    const text = lacks.map((one) => one.text).join("; ");
    found.set(text, (found.get(text) ?? 0) + 1);
  }
  return [...found].map(([text, hosts]) => ({ text, hosts }));
}

function tripsOf(line: PlacementDoc, site: string, look: SiteLookDoc | undefined): RoundTripDoc[] {
  if (line.placement?.site === site) return line.roundTrips;
  const runner = line.explanation.best.find((one) => one.place.site === site);
  return runner?.roundTrips ?? look?.roundTrips ?? [];
}

/** A to Z, then A2 to Z2: there are never so many rules, and if there were, no two share a letter. */
function letterOf(at: number): string {
  const letter = String.fromCharCode("A".charCodeAt(0) + (at % 26));
  return at < 26 ? letter : `${letter}${Math.floor(at / 26) + 1}`;
}
