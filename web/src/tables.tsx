/** The tables of an explanation: round trips, the best by their terms, and changes that would help. */
import type { PlacementDoc, RelaxationDoc, RoundTripDoc } from "./league";
import { euro, helps } from "./words";

const TERMS: Record<string, string> = {
  nearness: "nearness",
  price: "price",
  carbon: "carbon",
  room: "room",
};

/** Predicted and measured side by side; the one that counts is bold. */
export function Trips({ trips }: { trips: RoundTripDoc[] }) {
  if (trips.length === 0) return null;
  return (
    <div class="scroll" role="region" aria-label="Round trips" tabindex={0}>
      <table class="trips">
        <caption>Round trip</caption>
        <thead>
          <tr>
            <th scope="col">to</th>
            <th scope="col">predicted</th>
            <th scope="col">measured</th>
          </tr>
        </thead>
        <tbody>
          {trips.map((one) => (
            <tr key={one.to}>
              <th scope="row">{one.to}</th>
              <td>
                <Ms ms={one.predictedMs} isGuess={true} counts={!one.isMeasured} /> ±{" "}
                {Math.round(one.predictedMarginMs)} by {one.predictedBy}
                {one.isMeasured ? "" : `; a limit takes ${Math.round(one.ms + one.marginMs)} ms`}
              </td>
              <td>
                {one.measuredMs === null ? (
                  "not lately"
                ) : (
                  <Ms ms={one.measuredMs} isGuess={false} counts={one.isMeasured} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Ms({ ms, isGuess, counts }: { ms: number; isGuess: boolean; counts: boolean }) {
  const words = `${isGuess ? "~" : ""}${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return counts ? <b>{words}</b> : <>{words}</>;
}

interface BestProps {
  line: PlacementDoc;
  choose: (site: string) => void;
}

export function Best({ line, choose }: BestProps) {
  const { best } = line.explanation;
  if (best.length === 0) return <p class="empty">No host may run it.</p>;
  const terms = [...new Set(best.flatMap((one) => Object.keys(one.terms)))];
  const points = best[0]?.roundTrips.map((one) => one.to) ?? [];
  return (
    <div class="scroll" role="region" aria-label="The best, by their terms" tabindex={0}>
      <table class="best">
        <thead>
          <tr>
            <th scope="col">site</th>
            <th scope="col">score</th>
            {terms.map((one) => (
              <th scope="col" key={one}>
                {TERMS[one] ?? one}
              </th>
            ))}
            <th scope="col">a month</th>
            {points.map((one) => (
              <th scope="col" key={one}>
                {one.split(",")[0]}: predicted | measured
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {best.map((one, at) => (
            <tr key={`${one.place.site} ${one.place.host}`} data-best={one.place.site}>
              <th scope="row">
                <button type="button" class="quiet" onClick={() => choose(one.place.site)}>
                  {at + 1}. {one.place.site}
                </button>
                {one.place.site === line.placement?.site && one.place.host === line.placement.host
                  ? " ★ it is here"
                  : ""}
              </th>
              <td>{one.score.toFixed(2)}</td>
              {terms.map((term) => (
                <td key={term}>{(one.terms[term] ?? 0).toFixed(2)}</td>
              ))}
              <td>{one.pricePerMonth === null ? "unknown" : euro(one.pricePerMonth)}</td>
              {one.roundTrips.map((trip) => (
                <td key={trip.to}>
                  <Ms ms={trip.predictedMs} isGuess={true} counts={!trip.isMeasured} /> |{" "}
                  {trip.measuredMs === null ? (
                    "none"
                  ) : (
                    <Ms ms={trip.measuredMs} isGuess={false} counts={trip.isMeasured} />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HelpsProps {
  /** Whether it has a place, so that a change would only better it. */
  isPlaced: boolean;
  relaxations: RelaxationDoc[];
  lit: string | null;
  toggle: (key: string, sites: string[]) => void;
}

export function Helps({ isPlaced, relaxations, lit, toggle }: HelpsProps) {
  if (relaxations.length === 0) {
    const more = isPlaced ? "would give it a better place" : "would help";
    return <p class="empty">No change of one rule alone {more}.</p>;
  }
  return (
    <ul class="helps">
      {relaxations.map((one) => {
        const key = `${one.rule} ${one.text}`;
        return (
          <li key={key}>
            {one.which.length === 0 ? (
              helps(one)
            ) : (
              <button
                type="button"
                class="rule"
                aria-pressed={lit === key}
                onClick={() => toggle(key, one.which)}
              >
                {helps(one)}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
