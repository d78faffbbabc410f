/** Whom guests are to be near to: each place once, with lines to the sites that serve it. */
import type { Disc, Label } from "./labels";
import type { Facts, Place } from "./league";
import { project, type Spot } from "./projection";

export interface Near {
  key: string;
  /** The city, without its country. */
  name: string;
  spot: Spot;
  /** Which sites serve it. */
  sites: string[];
  trips: { ms: number; isMeasured: boolean }[];
}

export function nearsOf(facts: Facts, places: Place[]): Near[] {
  const found = new Map<string, Near>();
  for (const guest of facts.instances) {
    const site = guest.status.placement?.site;
    if (site === undefined || !places.some((one) => one.name === site)) continue;
    const trips = facts.lines[guest.metadata.id]?.roundTrips ?? [];
    for (const { name, latitude, longitude } of guest.spec.policy?.near ?? []) {
      if (latitude === undefined || longitude === undefined) continue;
      const key = `${latitude} ${longitude}`;
      const near = found.get(key) ?? {
        key,
        name: (name ?? "").split(",")[0] ?? "",
        spot: project(latitude, longitude),
        sites: [],
        trips: [],
      };
      found.set(key, near);
      if (!near.sites.includes(site)) near.sites.push(site);
      const trip = trips.find((one) => one.to === name);
      if (trip !== undefined) near.trips.push(trip);
    }
  }
  return [...found.values()];
}

/** `~11 ms`, or the least and the most of several. */
export function tripWords({ trips }: Pick<Near, "trips">): string {
  if (trips.length === 0) return "";
  const ms = trips.map((one) => Math.round(one.ms));
  const guessed = trips.every((one) => one.isMeasured) ? "" : "~";
  const [least, most] = [Math.min(...ms), Math.max(...ms)];
  return `${guessed}${least === most ? least : `${least}–${most}`} ms`;
}

interface NearProps {
  near: Near;
  places: Place[];
  discs: Disc[];
  label: Label | null;
}

/** Lines from a place that apps want to be near to, to the sites that serve it. */
export function Nearness({ near, places, discs, label }: NearProps) {
  const { spot, name } = near;
  return (
    <g class="near" data-near={name}>
      <title>{`${name} ${tripWords(near)}`}</title>
      {near.sites.map((site) => {
        const at = places.findIndex((one) => one.name === site);
        return <path key={site} class={places[at]?.condition} d={bow(spot, discs[at] ?? spot)} />;
      })}
      <rect x={spot.x - 4} y={spot.y - 4} width={8} height={8} />
      {label === null ? null : (
        <text x={label.x} y={label.y} text-anchor={label.anchor}>
          {label.lines[0]}
        </text>
      )}
    </g>
  );
}

function bow(from: Spot, to: Spot): string {
  const bend = 0.16;
  const x = (from.x + to.x) / 2 - (to.y - from.y) * bend;
  const y = (from.y + to.y) / 2 + (to.x - from.x) * bend;
  return `M${from.x} ${from.y}Q${x} ${y} ${to.x} ${to.y}`;
}
