/** What an act is, and how it tells what it did. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Api, Refused } from "./api";
import { wordsOf } from "./live";
import { clock } from "./words";

interface OutcomeProps {
  done: Told | null;
  later?: string | null;
  command: string;
}

export interface Told {
  at: number;
  said: ComponentChildren;
  isRefusal: boolean;
}

/** Always there, so that what is written into it is read out. */
export function Outcome({ done, later, command }: OutcomeProps) {
  return (
    <>
      <output class={done === null ? "outcome" : `outcome told${done.isRefusal ? " refusal" : ""}`}>
        {done === null ? null : (
          <>
            <time>{clock(done.at)}</time> {done.said}
          </>
        )}
        {later ? <p class="later">{later}</p> : null}
      </output>
      <p class="twin">
        By command: <code>{command}</code>
      </p>
    </>
  );
}

export interface Act {
  done: Told | null;
  isBusy: boolean;
  run: () => void;
  clear: () => void;
}

export function useAct(api: Api, work: () => Promise<Omit<Told, "at">>): Act {
  const [done, setDone] = useState<Told | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    if (isBusy) return;
    setBusy(true);
    try {
      setDone({ at: api.now(), ...(await work()) });
    } catch (error) {
      const hint = error instanceof Refused && error.hint !== null ? ` ${error.hint}` : "";
      const said = <p>{`It was not done: ${wordsOf(error)}.${hint}`}</p>;
      setDone({ at: api.now(), said, isRefusal: true });
    } finally {
      setBusy(false);
    }
  };
  return { done, isBusy, run: () => void run(), clear: () => setDone(null) };
}
