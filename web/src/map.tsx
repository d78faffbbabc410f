/** The map: the league's sites, what runs there, and lines to whom it is near. */
import { useState } from "preact/hooks";
import europe from "./europe.json";
import { type Box, type Disc, fannedOut, type Label, laidOut, laidOver, type Wish } from "./labels";
import type { Facts, Place } from "./league";
import { type Near, Nearness, nearsOf, tripWords } from "./near";
import { project, type Spot } from "./projection";
import { type Type, useType } from "./type";
import { CONDITIONS, countryName, duration, heardHostsOf, list, takenOf } from "./words";

const [WIDE, HIGH] = europe.frame as [number, number];
const FRAME: Box = { x: 4, y: 4, wide: WIDE - 8, high: HIGH - 8 };
const OUTLINES = Object.entries(europe.countries as Record<string, string>);
const NAMES_SHOWN = 2;
/** Further than this from where it is, a disc has a line that leads there. */
const LED_FROM = 5;

const NEAR_SIZE = 15;
const NEAR_LINE = 18;
const NEAR_REACH = 5;

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
  const [over, setOver] = useState<string | null>(null);
  const type = useType();
  const spots = places.map((one) => project(one.latitude, one.longitude));
  const discs = fannedOut(
    places.map((place, at) => ({ ...spotAt(spots, at), radius: radiusOf(place, type) + 6 })),
  );
  const nears = nearsOf(facts, places);
  const wishes = places.map((place, at) => wishOf(place, places, discAt(discs, at), type, now));
  const { labels, nearLabels } = written(places, discs, wishes, nears, type, chosen);
  const overAt = places.findIndex((one) => one.name === over);
  const overWish = wishes[overAt];
  const overPlace = places[overAt];
  const isShort = labels[overAt]?.lines.length !== overWish?.forms[0]?.length;
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
        {nears.map((near, at) => (
          <Nearness
            key={near.key}
            near={near}
            places={places}
            discs={discs}
            label={nearLabels[at] ?? null}
          />
        ))}
      </g>
      {places.map((place, at) => (
        <Site
          key={place.name}
          place={place}
          spot={spotAt(spots, at)}
          disc={discAt(discs, at)}
          label={labels[at] ?? null}
          type={type}
          isChosen={chosen === place.name}
          now={now}
          choose={choose}
          look={setOver}
        />
      ))}
      {overWish !== undefined && overPlace !== undefined && isShort ? (
        <Over
          label={laidOver(
            overWish,
            [overPlace.city, overPlace.name, ...told(overPlace, type, now)],
            FRAME,
          )}
        />
      ) : null}
    </svg>
  );
}

function spotAt(spots: Spot[], at: number): Spot {
  return spots[at] ?? { x: 0, y: 0 };
}

function discAt(discs: Disc[], at: number): Disc {
  return discs[at] ?? { x: 0, y: 0, radius: 0 };
}

interface Written {
  labels: (Label | null)[];
  nearLabels: (Label | null)[];
}

/** Who is chosen or in trouble is written first, then who runs most; cities of users come last. */
function written(
  places: Place[],
  discs: Disc[],
  wishes: Wish[],
  nears: Near[],
  type: Type,
  chosen: string | null,
): Written {
  const order = places
    .map((place, at) => ({ at, weight: weightOf(place, chosen) }))
    .sort((one, other) => other.weight - one.weight)
    .map((one) => one.at);
  const shown = type.hasGuests ? nears : [];
  const squares = shown.map((near) => ({ ...near.spot, radius: NEAR_REACH }));
  const asked = [
    ...order.flatMap((at) => wishes[at] ?? []),
    ...shown.map((near) => nearWish(near, places, discs)),
  ];
  const found = laidOut(asked, places.length, [...discs, ...squares], FRAME);
  const labels = places.map((_, at) => found[order.indexOf(at)] ?? null);
  return { labels, nearLabels: found.slice(places.length) };
}

function weightOf(place: Place, chosen: string | null): number {
  const isTrouble = place.condition !== "steady" && place.condition !== "empty";
  return (place.name === chosen ? 1e6 : 0) + (isTrouble ? 1e3 : 0) + place.guests.length;
}

function wishOf(place: Place, places: Place[], disc: Disc, type: Type, now: number): Wish {
  const forms = formsOf(place, places, type, now);
  const isPulledRight = pullOf(place) > 0;
  return { at: disc, forms, size: type.city, line: type.line, isPulledRight };
}

/** Beside the site where it is in the same city, which is then named already. */
function nearWish(near: Near, places: Place[], discs: Disc[]): Wish {
  const { spot, name } = near;
  const around = discs.find((one) => Math.hypot(one.x - spot.x, one.y - spot.y) < one.radius);
  const isNamed = around !== undefined && places[discs.indexOf(around)]?.city === name;
  const text = isNamed ? tripWords(near) : `${name} ${tripWords(near)}`;
  const at = around ?? { ...spot, radius: NEAR_REACH };
  const forms = [[text.trim() || name]];
  return { at, forms, size: NEAR_SIZE, line: NEAR_LINE, isPulledRight: false };
}

interface SiteProps {
  place: Place;
  /** Where it is; its disc may have made room for another's. */
  spot: Spot;
  disc: Disc;
  label: Label | null;
  type: Type;
  isChosen: boolean;
  now: number;
  choose: (site: string) => void;
  look: (site: string | null) => void;
}

function Site({ place, spot, disc, label, type, isChosen, now, choose, look }: SiteProps) {
  const radius = radiusOf(place, type);
  const share = place.memoryMiB > 0 ? place.heldMemoryMiB / place.memoryMiB : 0;
  const ring = 2 * Math.PI * radius;
  const { x, y } = disc;
  const isMoved = Math.hypot(x - spot.x, y - spot.y) > LED_FROM;
  return (
    <g
      class={`site ${place.condition}${isChosen ? " chosen" : ""}`}
      role="button"
      tabindex={0}
      aria-pressed={isChosen}
      aria-label={saidOf(place, now)}
      data-site={place.name}
      onClick={() => choose(place.name)}
      onFocus={() => look(place.name)}
      onBlur={() => look(null)}
      onMouseEnter={() => look(place.name)}
      onMouseLeave={() => look(null)}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(place.name);
        }
      }}
    >
      <title>{saidOf(place, now)}</title>
      {isMoved ? <path class="led" d={`M${spot.x} ${spot.y}L${x} ${y}`} /> : null}
      <circle class="touch" cx={x} cy={y} r={disc.radius + 4} />
      <circle class="halo" cx={x} cy={y} r={radius + 6} />
      <circle class="disc" cx={x} cy={y} r={radius} />
      <circle
        class="used"
        cx={x}
        cy={y}
        r={radius}
        stroke-dasharray={`${share * ring} ${ring}`}
        transform={`rotate(-90 ${x} ${y})`}
      />
      {label === null ? null : <Words label={label} line={type.line} />}
    </g>
  );
}

function Words({ label, line }: { label: Label; line: number }) {
  return (
    <text class="label" x={label.x} y={label.y} text-anchor={label.anchor}>
      {label.lines.map((words, at) => (
        <tspan key={words} x={label.x} dy={at === 0 ? 0 : line} class={at === 0 ? "city" : ""}>
          {words}
        </tspan>
      ))}
    </text>
  );
}

/** All that there is to say of the site that is looked at, above whatever is there. */
function Over({ label }: { label: Label }) {
  const { x, y, wide, high } = label.box;
  return (
    <g class="over" aria-hidden="true">
      <rect x={x - 6} y={y - 4} width={wide + 12} height={high + 8} rx={6} />
      <Words label={label} line={high / label.lines.length} />
    </g>
  );
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

/** What to write at a site: all of it, or who it is alone. */
function formsOf(place: Place, places: Place[], type: Type, now: number): string[][] {
  const isAlone = !places.some((one) => one !== place && one.city === place.city);
  const name = isAlone ? place.city : place.name;
  const more = told(place, type, now);
  return more.length > 0 ? [[name, ...more], [name]] : [[name]];
}

/** What runs at a site, and how it is where it is not well. */
function told(place: Place, type: Type, now: number): string[] {
  const names = place.guests.map((one) => one.metadata.name);
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` +${names.length - NAMES_SHOWN}` : "";
  const lines = shown !== "" && type.hasGuests ? [shown + more] : [];
  if (place.condition === "unplugged") lines.push("cable out");
  if (place.condition === "partly" && place.lost.length > 0) lines.push(heardHostsOf(place));
  if (place.condition === "silent" && place.quietSince !== null) {
    lines.push(`quiet for ${duration(now - place.quietSince)}`);
  }
  return lines;
}

/** All that the map shows of a site, in words. */
export function saidOf(place: Place, now: number): string {
  const names = place.guests.map((one) => one.metadata.name);
  const quiet = place.quietSince === null ? "" : ` for ${duration(now - place.quietSince)}`;
  return [
    `${place.city}, ${countryName(place.country)}: ${place.name} of ${place.provider}`,
    CONDITIONS[place.condition] + (place.condition === "silent" ? quiet : ""),
    ...(place.condition === "partly" && place.lost.length > 0 ? [heardHostsOf(place)] : []),
    names.length > 0 ? `runs ${list(names)}` : "runs nothing",
    takenOf(place),
  ].join("; ");
}
