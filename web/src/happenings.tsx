/** What happened: first what matters, and every step for whoever wants it. */
import { useState } from "preact/hooks";
import type { Facts, Happening } from "./league";
import { clock, count, inLocalTime } from "./words";

const SHOWN = 40;
/** What leads to something that is told too: an order, a host that is offered. */
const STEPS = ["instance.created", "instance.changed", "host.offered", "image.added"];

export function Happenings({ facts }: { facts: Facts }) {
  const [isAll, setAll] = useState(false);
  const steps = facts.happenings.filter(isStep);
  const told = isAll ? facts.happenings : facts.happenings.filter((one) => !isStep(one));
  const newest = told.slice(-SHOWN).reverse();
  if (facts.happenings.length === 0) return <p class="empty">Nothing has happened yet.</p>;
  return (
    <>
      <ol class="feed" reversed>
        {newest.map((one) => (
          <li key={one.serial} data-kind={one.kind}>
            <time dateTime={one.at}>{clock(one.at)}</time> {inLocalTime(one.text, one.at)}
          </li>
        ))}
      </ol>
      {steps.length === 0 ? null : (
        <button type="button" class="quiet" aria-pressed={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? "Only what matters" : `Every step too (${count(steps.length, "more", "more")})`}
        </button>
      )}
    </>
  );
}

/** Whether it says only how far something is that goes well: its power, an order, an offer. */
function isStep({ kind, text }: Happening): boolean {
  if (kind === "instance.seen") return !/ is (pending|error)\b/.test(text);
  return STEPS.includes(kind);
}
