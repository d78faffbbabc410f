/** The map: the league's sites, what runs there, and lines to whom it is near. */
import { useEffect, useState } from "preact/hooks";
import europe from "./europe.json";
import type { Facts, Place } from "./league";
import { project, type Spot } from "./projection";
import { CONDITIONS, count, countryName, duration, list } from "./words";

const [WIDE, HIGH] = europe.frame as [number, number];
const OUTLINES = Object.entries(europe.countries as Record<string, string>);
const NAMES_SHOWN = 2;

/** In units of the drawing, of which a narrow screen has three to a pixel. */
interface Type {
  letter: number;
  line: number;
  disc: number;
  hasGuests: boolean;
}

const WIDE_TYPE: Type = { letter: 9.4, line: 22, disc: 1, hasGuests: true };
const NARROW_TYPE: Type = { letter: 21, line: 42, disc: 1.7, hasGuests: false };
const NARROW = "(max-width: 40rem)";

interface Props {
  facts: Facts;
  places: Place[];
  chosen: string | null;
  asked: string | null;
  now: number;
  choose: (site: string) => void;
}

export function MapOfEurope({ facts, places, chosen, asked, now, choose }: Props) {
  const members = new Set(places.map((one) => one.country));
  const spots = places.map((one) => project(one.latitude, one.longitude));
  const type = useType();
  const pulls = places.map((place) => pullOf(place));
  const labels = laidOut(places, spots, pulls, type, now);
  return (
    <svg
      class="map"
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      role="group"
      aria-label="Map of Europe with the sites of the league; the list of sites says the same"
    >
      <g aria-hidden="true">
        {OUTLINES.map(([code, path]) => (
          <path
            key={code}
            d={path}
            class={`land${members.has(code) ? " member" : ""}${asked === code ? " asked" : ""}`}
            data-country={code}
          />
        ))}
      </g>
      <g aria-hidden="true">
        <Nearness facts={facts} places={places} />
      </g>
      {places.map((place, at) => (
        <Site
          key={place.name}
          place={place}
          spot={spots[at] ?? { x: 0, y: 0 }}
          label={labels[at] ?? { x: 0, y: 0, anchor: "start", lines: [] }}
          type={type}
          isChosen={chosen === place.name}
          now={now}
          choose={choose}
        />
      ))}
    </svg>
  );
}

interface Label {
  x: number;
  y: number;
  anchor: "start" | "middle" | "end";
  lines: string[];
}

interface SiteProps {
  place: Place;
  spot: Spot;
  label: Label;
  type: Type;
  isChosen: boolean;
  now: number;
  choose: (site: string) => void;
}

function Site({ place, spot, label, type, isChosen, now, choose }: SiteProps) {
  const radius = radiusOf(place, type);
  const share = place.memoryMiB > 0 ? place.heldMemoryMiB / place.memoryMiB : 0;
  const ring = 2 * Math.PI * radius;
  return (
    <g
      class={`site ${place.condition}${isChosen ? " chosen" : ""}`}
      role="button"
      tabindex={0}
      aria-pressed={isChosen}
      aria-label={saidOf(place, now)}
      data-site={place.name}
      onClick={() => choose(place.name)}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(place.name);
        }
      }}
    >
      <title>{saidOf(place, now)}</title>
      <circle class="touch" cx={spot.x} cy={spot.y} r={26} />
      <circle class="halo" cx={spot.x} cy={spot.y} r={radius + 6} />
      <circle class="disc" cx={spot.x} cy={spot.y} r={radius} />
      <circle
        class="used"
        cx={spot.x}
        cy={spot.y}
        r={radius}
        stroke-dasharray={`${share * ring} ${ring}`}
        transform={`rotate(-90 ${spot.x} ${spot.y})`}
      />
      <text class="label" x={label.x} y={label.y} text-anchor={label.anchor}>
        {label.lines.map((line, at) => (
          <tspan
            key={line}
            x={label.x}
            dy={at === 0 ? 0 : type.line}
            class={at === 0 ? "city" : ""}
          >
            {line}
          </tspan>
        ))}
      </text>
    </g>
  );
}

/** A line from each place that an app wants to be near to the site that serves it. */
function Nearness({ facts, places }: { facts: Facts; places: Place[] }) {
  const lines = facts.instances.flatMap((one) => {
    const place = places.find((site) => site.name === one.status.placement?.site);
    const trips = facts.lines[one.metadata.id]?.roundTrips ?? [];
    return (one.spec.policy?.near ?? []).flatMap((near) => {
      if (place === undefined || near.latitude === undefined || near.longitude === undefined) {
        return [];
      }
      const trip = trips.find((other) => other.to === near.name);
      const from = project(near.latitude, near.longitude);
      const to = project(place.latitude, place.longitude);
      const name = (near.name ?? "").split(",")[0] ?? "";
      return [{ key: `${one.metadata.id} ${near.name}`, from, to, name, trip, place }];
    });
  });
  return (
    <>
      {lines.map(({ key, from, to, name, trip, place }) => (
        <g key={key} class={`near ${place.condition}`} data-near={name}>
          <path d={bow(from, to)} />
          <rect x={from.x - 4} y={from.y - 4} width={8} height={8} />
          <text x={from.x} y={from.y + (from.y > to.y ? 22 : -12)} text-anchor="middle">
            {trip === undefined
              ? name
              : `${name} ${trip.isMeasured ? "" : "~"}${Math.round(trip.ms)} ms`}
          </text>
        </g>
      ))}
    </>
  );
}

function bow(from: Spot, to: Spot): string {
  const bend = 0.16;
  const x = (from.x + to.x) / 2 - (to.y - from.y) * bend;
  const y = (from.y + to.y) / 2 + (to.x - from.x) * bend;
  return `M${from.x} ${from.y}Q${x} ${y} ${to.x} ${to.y}`;
}

/** By the root of its memory, so that the disc's area tells it. */
function radiusOf(place: Place, type: Type): number {
  return Math.min(Math.max(6 + Math.sqrt(place.memoryMiB / 1024) * 4, 8), 16) * type.disc;
}

/** Which way the lines of its guests leave a site: to the right if positive. */
function pullOf(place: Place): number {
  const points = place.guests.flatMap((one) => one.spec.policy?.near ?? []);
  return points.reduce(
    (all, one) => all + ((one.longitude ?? place.longitude) - place.longitude),
    0,
  );
}

function useType(): Type {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const listen = () => setNarrow(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, []);
  return isNarrow ? NARROW_TYPE : WIDE_TYPE;
}

function linesOf(place: Place, type: Type, now: number): string[] {
  const names = place.guests.map((one) => one.metadata.name);
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` +${names.length - NAMES_SHOWN}` : "";
  const lines = [place.city];
  if (shown !== "" && type.hasGuests) lines.push(shown + more);
  if (place.condition === "unplugged") lines.push("cable out");
  if (place.condition === "silent" && place.quietSince !== null) {
    lines.push(`quiet for ${duration(now - place.quietSince)}`);
  }
  return lines;
}

/** A label, and where its box begins. */
type Side = [Label, number];

/** Labels beside their discs, each at the first side where it covers nothing. */
function laidOut(
  places: Place[],
  spots: Spot[],
  pulls: number[],
  type: Type,
  now: number,
): Label[] {
  const taken = places.map((place, at) => {
    const spot = spots[at] ?? { x: 0, y: 0 };
    const radius = radiusOf(place, type) + 6;
    return { x: spot.x - radius, y: spot.y - radius, wide: 2 * radius, high: 2 * radius };
  });
  return places.map((place, at) => {
    const spot = spots[at] ?? { x: 0, y: 0 };
    const lines = linesOf(place, type, now);
    const wide = Math.max(...lines.map((line) => line.length)) * type.letter;
    const high = lines.length * type.line;
    const off = radiusOf(place, type) + 12;
    const drop = type.line * 0.25;
    const right: Side = [
      { x: spot.x + off, y: spot.y + drop, anchor: "start", lines },
      spot.x + off,
    ];
    const left: Side = [
      { x: spot.x - off, y: spot.y + drop, anchor: "end", lines },
      spot.x - off - wide,
    ];
    const middle = { x: spot.x, anchor: "middle", lines } as const;
    const below: Side = [{ ...middle, y: spot.y + off + type.line * 0.65 }, spot.x - wide / 2];
    const above: Side = [
      { ...middle, y: spot.y - off - high + type.line * 0.9 },
      spot.x - wide / 2,
    ];
    const beside = (pulls[at] ?? 0) > 0 ? [left, right] : [right, left];
    const sides = [...beside, below, above];
    const boxes = sides.map(([label, left]) => ({
      x: left,
      y: label.y - type.line * 0.8,
      wide,
      high,
    }));
    const free = boxes.findIndex(
      (box) =>
        box.x >= 0 &&
        box.x + wide <= WIDE &&
        !taken.some((other) => other !== taken[at] && meet(box, other)),
    );
    const side = Math.max(free, 0);
    const box = boxes[side];
    if (box !== undefined) taken.push(box);
    return sides[side]?.[0] ?? { x: 0, y: 0, anchor: "start", lines };
  });
}

interface Box {
  x: number;
  y: number;
  wide: number;
  high: number;
}

function meet(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.wide &&
    other.x < one.x + one.wide &&
    one.y < other.y + other.high &&
    other.y < one.y + one.high
  );
}

/** All that the map shows of a site, in words. */
export function saidOf(place: Place, now: number): string {
  const names = place.guests.map((one) => one.metadata.name);
  const quiet = place.quietSince === null ? "" : ` for ${duration(now - place.quietSince)}`;
  return [
    `${place.city}, ${countryName(place.country)}: ${place.name} of ${place.provider}`,
    CONDITIONS[place.condition] + (place.condition === "silent" ? quiet : ""),
    names.length > 0 ? `runs ${list(names)}` : "runs nothing",
    `${place.heldMemoryMiB} of ${count(place.memoryMiB, "MiB", "MiB")} taken`,
  ].join("; ");
}
