/** The map: the league's sites, what runs there, and lines to whom it is near. */
import europe from "./europe.json";
import type { Facts, Place } from "./league";
import { project, type Spot } from "./projection";
import { CONDITIONS, count, countryName, duration, list } from "./words";

const [WIDE, HIGH] = europe.frame as [number, number];
const OUTLINES = Object.entries(europe.countries as Record<string, string>);
const NAMES_SHOWN = 2;
const LETTER = 9.4;
const LINE_HIGH = 22;

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
  const labels = laidOut(places, spots, now);
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no group that is named
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
  isChosen: boolean;
  now: number;
  choose: (site: string) => void;
}

function Site({ place, spot, label, isChosen, now, choose }: SiteProps) {
  const radius = radiusOf(place);
  const share = place.memoryMiB > 0 ? place.heldMemoryMiB / place.memoryMiB : 0;
  const ring = 2 * Math.PI * radius;
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button of its own
    <g
      class={`site ${place.condition}${isChosen ? " chosen" : ""}`}
      role="button"
      tabIndex={0}
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
            dy={at === 0 ? 0 : LINE_HIGH}
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
function radiusOf(place: Place): number {
  return Math.min(Math.max(6 + Math.sqrt(place.memoryMiB / 1024) * 4, 8), 16);
}

function linesOf(place: Place, now: number): string[] {
  const names = place.guests.map((one) => one.metadata.name);
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` +${names.length - NAMES_SHOWN}` : "";
  const lines = [place.city];
  if (shown !== "") lines.push(shown + more);
  if (place.condition === "unplugged") lines.push("cable out");
  if (place.condition === "silent" && place.quietSince !== null) {
    lines.push(`quiet for ${duration(now - place.quietSince)}`);
  }
  return lines;
}

/** Labels beside their discs, each at the first side where it covers nothing. */
function laidOut(places: Place[], spots: Spot[], now: number): Label[] {
  const taken = places.map((place, at) => {
    const spot = spots[at] ?? { x: 0, y: 0 };
    const radius = radiusOf(place) + 6;
    return { x: spot.x - radius, y: spot.y - radius, wide: 2 * radius, high: 2 * radius };
  });
  return places.map((place, at) => {
    const spot = spots[at] ?? { x: 0, y: 0 };
    const lines = linesOf(place, now);
    const wide = Math.max(...lines.map((line) => line.length)) * LETTER;
    const high = lines.length * LINE_HIGH;
    const off = radiusOf(place) + 12;
    const sides: [Label, number][] = [
      [{ x: spot.x + off, y: spot.y + 2, anchor: "start", lines }, spot.x + off],
      [{ x: spot.x - off, y: spot.y + 2, anchor: "end", lines }, spot.x - off - wide],
      [{ x: spot.x, y: spot.y + off + 14, anchor: "middle", lines }, spot.x - wide / 2],
      [{ x: spot.x, y: spot.y - off - high + 20, anchor: "middle", lines }, spot.x - wide / 2],
    ];
    const boxes = sides.map(([label, left]) => ({ x: left, y: label.y - 18, wide, high }));
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
