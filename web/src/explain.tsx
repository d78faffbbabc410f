/**
 * Why one instance is where it is: its candidates on the map by the rule that removed them, the best
 * with what their scores are made of, what a loser lacked, and what would help.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { CandidateMap, Shape, standingWords, tintOf } from "./candidatemap";
import { type Candidate, candidatesOf, marksOf, type RuleMark } from "./candidates";
import type { Facts, InstanceDoc, Place, PlacementDoc } from "./league";
import { Best, Helps, Trips } from "./tables";
import type { Explained } from "./view";
import { count, countryName, doing, euro } from "./words";

interface Props {
  facts: Facts;
  places: Place[];
  explained: Explained;
  /** Whose it is. */
  tenant: string;
  site: string | null;
  choose: (site: string) => void;
  /** The address of the league's own view. */
  back: string;
}

export function Explanation(props: Props) {
  const { facts, explained, tenant, back } = props;
  const guest = facts.instances.find(
    ({ metadata }) =>
      metadata.name === explained.name && metadata.workspace === explained.workspace,
  );
  const line = guest === undefined ? undefined : facts.lines[guest.metadata.id];
  useEffect(() => {
    document.title = `Why ${explained.name} · Hanza`;
    return () => {
      document.title = "Hanza";
    };
  }, [explained.name]);
  if (guest === undefined || line === undefined) {
    return (
      <main class="alone">
        <h2>Nothing to explain</h2>
        <p role="status">
          There is no instance {explained.name} in workspace {explained.workspace} of tenant{" "}
          {tenant}; it may have ended.
        </p>
        <p>
          <a href={back}>Back to the league</a>
        </p>
      </main>
    );
  }
  return <Explaining {...props} guest={guest} line={line} />;
}

/** What is looked at on the map: the sites of a rule, or those that a change would open. */
interface Light {
  key: string;
  sites: string[];
}

function Explaining(props: Props & { guest: InstanceDoc; line: PlacementDoc }) {
  const { facts, places, guest, line, site, choose, back } = props;
  const [light, setLight] = useState<Light | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { id, name } = guest.metadata;
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [id]);
  const candidates = candidatesOf(line, facts, places);
  const looked = candidates.find((one) => one.place.name === (site ?? line.placement?.site));
  const toggle = (key: string, sites: string[]) =>
    setLight(light?.key === key ? null : { key, sites });
  const { best, relaxations, lookedAt, may } = line.explanation;
  return (
    <main>
      <div class="where">
        <section aria-labelledby="candidates">
          <p class="crumb">
            <a href={back}>Back to the league</a>
          </p>
          <h2 id="candidates" tabindex={-1} ref={heading}>
            Where {name} may run
          </h2>
          <p class="verdict">
            {may} of {count(lookedAt, "host")} may run it.
          </p>
          <CandidateMap
            candidates={candidates}
            chosen={looked?.place.name ?? null}
            lit={light === null ? null : new Set(light.sites)}
            choose={choose}
          />
          <Rules candidates={candidates} line={line} light={light} toggle={toggle} />
        </section>
        <section aria-labelledby="every">
          <h2 id="every">Every site</h2>
          <CandidateList candidates={candidates} chosen={looked ?? null} choose={choose} />
        </section>
      </div>
      <div class="what">
        <section aria-labelledby="why">
          <h2 id="why">Why {line.placement === null ? "nowhere" : "there"}</h2>
          <Verdict guest={guest} line={line} />
        </section>
        {looked === undefined ? null : (
          <section aria-labelledby="looked">
            <h2 id="looked">
              {looked.place.city}, {looked.place.name}
            </h2>
            <Looked candidate={looked} line={line} />
          </section>
        )}
        <section aria-labelledby="best">
          <h2 id="best">{may > best.length ? `The best ${best.length} of ${may}` : "Who may"}</h2>
          <Best line={line} choose={choose} />
        </section>
        <section aria-labelledby="helps">
          <h2 id="helps">
            {line.placement === null || line.because.includes("may not any more")
              ? "What would help"
              : "Where it would be better, by a change"}
          </h2>
          <Helps
            isPlaced={line.placement !== null}
            relaxations={relaxations}
            lit={light?.key ?? null}
            toggle={toggle}
          />
        </section>
      </div>
    </main>
  );
}

interface RulesProps {
  candidates: Candidate[];
  line: PlacementDoc;
  light: Light | null;
  toggle: (key: string, sites: string[]) => void;
}

/** The legend: every rule with its letter and how many hosts it refuses; each can be looked at. */
function Rules({ candidates, line, light, toggle }: RulesProps) {
  const of = (mark: RuleMark) =>
    candidates
      .filter((one) => one.marks.some((other) => other.letter === mark.letter))
      .map((one) => one.place.name);
  return (
    <ul class="rules" aria-label="What the marks mean">
      {line.placement === null ? null : (
        <li>
          <Mark candidate={{ standing: "here", mark: null }} /> it is here
        </li>
      )}
      <li>
        <Mark candidate={{ standing: "may", mark: null }} /> may run it
      </li>
      {marksOf(line).map((mark) => (
        <li key={mark.letter}>
          <button
            type="button"
            class="rule"
            aria-pressed={light?.key === mark.letter}
            data-rule={mark.rule}
            onClick={() => toggle(mark.letter, of(mark))}
          >
            <Mark candidate={{ standing: "refused", mark }} />
            <span>
              <b>{mark.rule}</b> {count(mark.hosts, "host")} {mark.says}
            </span>
          </button>
        </li>
      ))}
      <li class="note">
        A site has the mark of the first rule that keeps it out; a host may lack several things.
      </li>
    </ul>
  );
}

function Mark({ candidate }: { candidate: Pick<Candidate, "standing" | "mark"> }) {
  return (
    <svg
      class={`shapemark candidate ${candidate.standing} ${tintOf(candidate)}`}
      viewBox="-1.4 -1.4 2.8 2.8"
      aria-hidden="true"
    >
      <Shape candidate={candidate} />
    </svg>
  );
}

interface ListProps {
  candidates: Candidate[];
  chosen: Candidate | null;
  choose: (site: string) => void;
}

/** All that the map shows, in words: where it is, who may, and who may not. */
function CandidateList({ candidates, chosen, choose }: ListProps) {
  const order = ["here", "may", "refused", "untold", "none"];
  const sorted = [...candidates].sort(
    (one, other) =>
      order.indexOf(one.standing) - order.indexOf(other.standing) ||
      (one.best[0]?.rank ?? 99) - (other.best[0]?.rank ?? 99),
  );
  return (
    <ul class="rows candidates">
      {sorted.map((one) => (
        <li
          key={one.place.name}
          class={one.place.name === chosen?.place.name ? "chosen" : ""}
          data-candidate={one.place.name}
        >
          <button
            type="button"
            aria-pressed={one.place.name === chosen?.place.name}
            onClick={() => choose(one.place.name)}
          >
            <Mark candidate={one} />
            <span class="what">
              <b>{one.place.city}</b> {one.place.name}
            </span>
            <span class="state" />
            <span class="more">{standingWords(one)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Verdict({ guest, line }: { guest: InstanceDoc; line: PlacementDoc }) {
  const { placement } = line;
  return (
    <>
      <p>
        {placement === null ? (
          <>
            <b>{line.name}</b> runs nowhere: {guest.status.reason ?? line.because}.
          </>
        ) : (
          <>
            <b>{line.name}</b> {doing(guest)} at {placement.site}, {placement.city}, of{" "}
            {placement.provider}: {line.because}
            {line.pricePerMonth === null ? "" : `, ${euro(line.pricePerMonth)} a month`}.
          </>
        )}
      </p>
      {line.proofs.map((one) => (
        <p key={one.says}>
          {one.members} are placed together, {one.says}.
        </p>
      ))}
      {line.violations.map((words) => (
        <p key={words} class="against">
          {words}
        </p>
      ))}
    </>
  );
}

/** The site that is looked at: what it lacked, or what speaks for it, and how far it is. */
function Looked({ candidate, line }: { candidate: Candidate; line: PlacementDoc }) {
  const { place, lacks, best, trips, refused, hosts, standing } = candidate;
  const told = lacks.reduce((all, one) => all + one.hosts, 0);
  return (
    <div data-looked={place.name}>
      <p>
        {place.provider}, {countryName(place.country)}: {standingWords(candidate)}.
      </p>
      {standing !== "refused" && best.length === 0 && hosts > refused ? (
        <p>It is not among the best {line.explanation.best.length}.</p>
      ) : null}
      {lacks.length === 0 ? null : (
        <>
          <h3>What it lacked</h3>
          <ul class="lacks">
            {lacks.map((one) => (
              <li key={one.text}>
                {hosts === 1 ? "it" : count(one.hosts, "host")} {one.text}
              </li>
            ))}
          </ul>
        </>
      )}
      {told < refused ? <p>{count(refused - told, "host")} more of it may not either.</p> : null}
      <Trips trips={trips} />
    </div>
  );
}
