/** The lists: everything the map shows, in words, and why it is so. */
import { Fragment } from "preact";
import type { Facts, InstanceDoc, LineDoc, Place, ViolationDoc } from "./league";
import { hashOf, type View } from "./view";
import {
  CONDITIONS,
  clock,
  countryName,
  doing,
  duration,
  heardHostsOf,
  helps,
  lastWords,
  takenOf,
} from "./words";

interface SitesProps {
  places: Place[];
  chosen: string | null;
  now: number;
  choose: (site: string) => void;
}

export function Sites({ places, chosen, now, choose }: SitesProps) {
  if (places.length === 0) {
    return (
      <p class="empty">
        No site has joined yet. A provider joins one with a token: <code>hanza site invite</code>
      </p>
    );
  }
  return (
    <ul class="rows sites">
      {places.map((place) => (
        <li key={place.name} class={chosen === place.name ? "chosen" : ""} data-site={place.name}>
          <button
            type="button"
            aria-pressed={chosen === place.name}
            onClick={() => choose(place.name)}
          >
            <span class={`mark ${place.condition}`} aria-hidden="true" />
            <span class="what">
              <b>{place.city}</b> {place.name}
            </span>
            <span class="state">{heardOf(place, now)}</span>
            <span class="more">
              {place.provider}, {countryName(place.country)} ·{" "}
              {place.guests.map((one) => one.metadata.name).join(", ") || "nothing runs here"} ·{" "}
              {takenOf(place)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function heardOf(place: Place, now: number): string {
  if (place.condition === "partly" && place.lost.length > 0) return heardHostsOf(place);
  if (place.quietSince === null) return CONDITIONS[place.condition];
  const since = `nothing heard since ${clock(place.quietSince)} (${duration(now - place.quietSince)})`;
  return place.condition === "unplugged" ? `unplugged; ${since}` : since;
}

interface GuestsProps {
  facts: Facts;
  view: View;
  places: Place[];
  site: string | null;
}

export function Guests({ facts, view, places, site }: GuestsProps) {
  const quiet = new Set(places.filter((one) => one.condition === "silent").map((one) => one.name));
  const guests = facts.instances.filter(
    (one) => site === null || one.status.placement?.site === site,
  );
  if (guests.length === 0) {
    return (
      <p class="empty">
        Nothing runs {site === null ? "yet" : "here"}. Run something: <code>hanza apply FILE</code>
      </p>
    );
  }
  return (
    <ul class="rows guests">
      {guests.map((one) => (
        <Guest
          key={`${one.metadata.id} ${site ?? ""}`}
          guest={one}
          line={facts.lines[one.metadata.id]}
          violations={facts.violations.filter(
            (other) =>
              other.name === one.metadata.name && other.workspace === one.metadata.workspace,
          )}
          isQuiet={quiet.has(one.status.placement?.site ?? "")}
          isOpen={site !== null}
          why={hashOf({ ...view, site: null, explained: one.metadata })}
          console={consoleOf(view.tenant, one)}
        />
      ))}
    </ul>
  );
}

interface GuestProps {
  guest: InstanceDoc;
  line: LineDoc | undefined;
  violations: ViolationDoc[];
  /** Whether its site is silent, so that all this was so when it was heard last. */
  isQuiet: boolean;
  /** Whether all of why is shown from the beginning. */
  isOpen: boolean;
  /** The address of all of why. */
  why: string;
  /** The address of its console; null where it runs nowhere. */
  console: string | null;
}

function Guest({ guest, line, violations, isQuiet, isOpen, why, console }: GuestProps) {
  const place = guest.status.placement;
  const where = place === null ? "nowhere yet" : `${place.city}, ${place.site}`;
  return (
    <li data-guest={guest.metadata.name}>
      <details open={isOpen}>
        <summary>
          <span
            class={`mark ${isQuiet ? "silent" : doing(guest) === "runs" ? "steady" : "empty"}`}
            aria-hidden="true"
          />
          <span class="what">
            <b>{guest.metadata.name}</b> {where}
          </span>
          <span class="state">{isQuiet ? "ran when last heard" : doing(guest)}</span>
          <span class="more">
            {violations.length === 0 ? null : <b class="against">against a rule · </b>}
            {shortly(guest, line)}
          </span>
          <span class="opens">why</span>
        </summary>
        <dl>
          {guest.status.pendingSince === null ? null : (
            <>
              <dt>waits</dt>
              <dd>What was asked waits for its site since {clock(guest.status.pendingSince)}</dd>
            </>
          )}
          {guest.status.reason === null ? null : (
            <>
              <dt>but</dt>
              <dd>{guest.status.reason}</dd>
            </>
          )}
          {violations.map((one) => (
            <Fragment key={one.text}>
              <dt>against</dt>
              <dd>{one.sentence}</dd>
            </Fragment>
          ))}
          <dt>law</dt>
          <dd>{lawOf(guest, countryName)}</dd>
          {line === undefined ? null : (
            <>
              <Why line={line} />
              <dt>all of it</dt>
              <dd>
                <a href={why}>Every candidate of {guest.metadata.name} on the map</a>
              </dd>
            </>
          )}
          <dt>said last</dt>
          <dd class="said">{lastWords(guest) || "nothing yet"}</dd>
          {console === null ? null : (
            <>
              <dt>console</dt>
              <dd>
                <a href={console} target="_blank" rel="opener">
                  Type to {guest.metadata.name}
                </a>
              </dd>
            </>
          )}
        </dl>
      </details>
    </li>
  );
}

/** A page of its own, in a tab that is given this one's token. */
function consoleOf(tenant: string, guest: InstanceDoc): string | null {
  if (guest.status.placement === null) return null;
  const { workspace, name } = guest.metadata;
  return `/console.html#${[tenant, workspace, name].map(encodeURIComponent).join("/")}`;
}

/** Law and reason at first sight: `law DE · cheapest of 1 that may`. */
function shortly(guest: InstanceDoc, line: LineDoc | undefined): string {
  const words = [`law ${lawOf(guest, (code) => code)}`];
  if (line !== undefined) {
    words.push(line.placement === null ? line.explanation.sentence : line.because);
    words.push(...line.roundTrips.map(tripOf));
  }
  return words.join(" · ");
}

/** Where its data may be, by its own words. */
function lawOf(guest: InstanceDoc, said: (code: string) => string): string {
  const { country, policy } = guest.spec;
  if (country !== null) return said(country);
  const { allow = [], deny = [] } = policy?.residency ?? {};
  if (allow.length > 0) return allow.map(said).join(", ");
  return deny.length > 0 ? `any but ${deny.map(said).join(", ")}` : "any";
}

function tripOf(one: LineDoc["roundTrips"][number]): string {
  const city = one.to.split(",")[0] ?? one.to;
  return `${one.isMeasured ? "" : "~"}${Math.round(one.ms)} ms ${city}`;
}

function Why({ line }: { line: LineDoc }) {
  const { refusals, relaxations, lookedAt, may } = line.explanation;
  return (
    <>
      <dt>why there</dt>
      <dd>{line.because}</dd>
      {line.roundTrips.length === 0 ? null : (
        <>
          <dt>near</dt>
          <dd>
            {line.roundTrips
              .map((one) => `${one.to} ${one.isMeasured ? "" : "~"}${Math.round(one.ms)} ms`)
              .join(" · ")}
          </dd>
        </>
      )}
      {refusals.length === 0 ? null : (
        <>
          <dt>not elsewhere</dt>
          <dd>
            {lookedAt - may} of {lookedAt} hosts:{" "}
            {refusals.map((one) => `${one.hosts} ${one.says}`).join(" · ")}
          </dd>
        </>
      )}
      {line.placement !== null || relaxations.length === 0 ? null : (
        <>
          <dt>would help</dt>
          <dd>{relaxations.map(helps).join(" · ")}</dd>
        </>
      )}
    </>
  );
}
