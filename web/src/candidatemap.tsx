/** The map of one choice: each site by what became of it, and by the rule that kept it out. */
import type { Candidate } from "./candidates";
import europe from "./europe.json";
import { type Box, type Disc, fannedOut, type Label, laidOut } from "./labels";
import { project } from "./projection";
import { useType } from "./type";
import { count, countryName, list } from "./words";

const [WIDE, HIGH] = europe.frame as [number, number];
const FRAME: Box = { x: 4, y: 4, wide: WIDE - 8, high: HIGH - 8 };
const OUTLINES = Object.entries(europe.countries as Record<string, string>);
const RADIUS = 13;
const LED_FROM = 5;

interface Props {
  candidates: Candidate[];
  /** The site that is looked at. */
  chosen: string | null;
  /** Sites that stand out, where a rule or a change is looked at; null when none is. */
  lit: Set<string> | null;
  choose: (site: string) => void;
}

export function CandidateMap({ candidates, chosen, lit, choose }: Props) {
  const type = useType();
  const countries = new Set(candidates.map((one) => one.place.country));
  const spots = candidates.map(({ place }) => project(place.latitude, place.longitude));
  const radius = RADIUS * type.disc;
  const discs = fannedOut(spots.map((spot) => ({ ...spot, radius: radius + 4 })));
  const labels = namesOf(candidates, discs, chosen, type);
  return (
    <svg
      class="map"
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      role="group"
      aria-label="Map of Europe with every site as a candidate; the list below says the same"
    >
      <g aria-hidden="true">
        {OUTLINES.map(([code, path]) => (
          <path key={code} d={path} class={`land${countries.has(code) ? " member" : ""}`} />
        ))}
      </g>
      {candidates.map((one, at) => {
        const { x, y } = discs[at] ?? { x: 0, y: 0 };
        const spot = spots[at] ?? { x, y };
        const name = one.place.name;
        const isLit = lit === null || lit.has(name);
        return (
          <g
            key={name}
            class={`candidate ${one.standing} ${tintOf(one)}${isLit ? "" : " unlit"}${chosen === name ? " chosen" : ""}`}
            role="button"
            tabindex={0}
            aria-pressed={chosen === name}
            aria-label={saidOf(one)}
            data-candidate={name}
            onClick={() => choose(name)}
            onKeyDown={(event) => {
              if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                choose(name);
              }
            }}
          >
            <title>{saidOf(one)}</title>
            {Math.hypot(x - spot.x, y - spot.y) > LED_FROM ? (
              <path class="led" d={`M${spot.x} ${spot.y}L${x} ${y}`} />
            ) : null}
            <circle class="touch" cx={x} cy={y} r={radius + 8} />
            <circle class="halo" cx={x} cy={y} r={radius + 7} />
            <g transform={`translate(${x} ${y}) scale(${radius})`}>
              <Shape candidate={one} />
            </g>
            <Written label={labels[at] ?? null} />
          </g>
        );
      })}
    </svg>
  );
}

/** Of radius 1 about the origin: a star where it is, a disc where it may, a square where it may not. */
export function Shape({ candidate }: { candidate: Pick<Candidate, "standing" | "mark"> }) {
  if (candidate.standing === "here") return <path class="shape" d={STAR} />;
  if (candidate.standing === "refused") {
    return (
      <>
        <rect class="shape" x={-0.9} y={-0.9} width={1.8} height={1.8} rx={0.2} />
        <text class="letter" y={0.47} text-anchor="middle">
          {candidate.mark?.letter ?? "?"}
        </text>
      </>
    );
  }
  return <circle class="shape" r={0.85} />;
}

const STAR = `M${Array.from({ length: 10 }, (_, at) => {
  const far = at % 2 === 0 ? 1.25 : 0.55;
  const turn = (at * Math.PI) / 5 - Math.PI / 2;
  return `${(far * Math.cos(turn)).toFixed(3)} ${(far * Math.sin(turn)).toFixed(3)}`;
}).join("L")}Z`;

export function tintOf({ mark }: Pick<Candidate, "mark">): string {
  return mark === null ? "" : `tint-${mark.tint}`;
}

function Written({ label }: { label: Label | null }) {
  if (label === null) return null;
  return (
    <text class="label" x={label.x} y={label.y} text-anchor={label.anchor}>
      <tspan class="city">{label.lines[0]}</tspan>
    </text>
  );
}

/** The chosen and the best are written first, so that they keep their names where it is crowded. */
function namesOf(
  candidates: Candidate[],
  discs: Disc[],
  chosen: string | null,
  type: ReturnType<typeof useType>,
): (Label | null)[] {
  const weight = (one: Candidate) =>
    one.place.name === chosen ? 3 : one.standing === "here" ? 2 : one.best.length > 0 ? 1 : 0;
  const order = candidates
    .map((one, at) => ({ at, weight: weight(one) }))
    .sort((one, other) => other.weight - one.weight)
    .map((one) => one.at);
  const wishes = order.flatMap((at) => {
    const [disc, place] = [discs[at], candidates[at]?.place];
    if (disc === undefined || place === undefined) return [];
    const isAlone = !candidates.some((one) => one.place !== place && one.place.city === place.city);
    const forms = [[isAlone ? place.city : place.name]];
    return [{ at: disc, forms, size: type.city, line: type.line, isPulledRight: false }];
  });
  const found = laidOut(wishes, wishes.length, discs, FRAME);
  return candidates.map((_, at) => found[order.indexOf(at)] ?? null);
}

/** All that the map shows of a candidate, in words. */
export function saidOf(one: Candidate): string {
  const { place } = one;
  return `${place.city}, ${countryName(place.country)}: ${place.name} of ${place.provider}; ${standingWords(one)}`;
}

export function standingWords({ standing, hosts, refused, marks, best }: Candidate): string {
  const rank = best[0] === undefined ? "" : `, number ${best[0].rank} of the best`;
  const says = list(marks.map((one) => `${one.letter}, ${one.says}`));
  switch (standing) {
    case "here":
      return `it is here${rank}${refused > 0 ? `; refused by ${says}` : ""}`;
    case "may":
      return refused > 0
        ? `${hosts - refused} of ${count(hosts, "host")} may run it${rank}; the rest is refused by ${says}`
        : `may run it${rank}`;
    case "refused":
      return says === "" ? "may not run it" : `may not run it: refused by ${says}`;
    case "none":
      return "has no host yet";
    case "untold":
      return "is not told of: too many sites may not run it";
  }
}
