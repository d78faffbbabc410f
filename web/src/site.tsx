/** What there is to know of one site: its hosts, what its doctor found, whose guests are there too. */
import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Api } from "./api";
import type { CheckupDoc, Happening, Place, SiteShownDoc, StrangerDoc } from "./league";
import { heardOf } from "./lists";
import { wordsOf } from "./live";
import { clock, count, countryName, heardHostsOf, list, takenOf } from "./words";

interface Props {
  api: Api;
  place: Place;
  now: number;
  /** The newest event: what it says of agents and sites is looked at anew. */
  news: Happening | null;
}

interface Known {
  site: string;
  shown: SiteShownDoc;
  strangers: StrangerDoc[];
}

/** Above what runs there, once the site was chosen. */
export function SiteFacts({ api, place, now, news }: Props) {
  const [known, trouble] = useKnown(api, place.name, news);
  return (
    <div class="sitefacts">
      <p>
        <b>{place.city}</b>, {countryName(place.country)} · {place.provider} · {heardOf(place, now)}{" "}
        · {takenOf(place)}
      </p>
      {place.condition === "partly" && place.lost.length > 0 ? (
        <p class="against">
          {heardHostsOf(place)}; lost: {list(place.lost)}. What ran there is shown as it was, and
          nothing new is placed there.
        </p>
      ) : null}
      {place.refused.map((why) => (
        <p key={why} class="against">
          What its agent reports is refused: {why}. Its last good report stays while it is new
          enough.
        </p>
      ))}
      {trouble === null ? null : <p role="alert">{trouble}</p>}
      {known === null ? null : (
        <>
          {known.shown.agents.map(({ agent, checkup }) =>
            agent.status.revokedAt === null ? (
              <Doctor key={agent.metadata.id} checkup={checkup} />
            ) : null,
          )}
          {known.strangers.length === 0 ? null : <Strangers found={known.strangers} />}
        </>
      )}
    </div>
  );
}

function Doctor({ checkup }: { checkup: CheckupDoc | null }) {
  if (checkup === null) return <p>Its doctor has not looked yet.</p>;
  const bad = checkup.findings.filter((one) => one.level !== "good");
  return (
    <details class="doctor">
      <summary>
        Doctor: <b>{checkup.score} of 100</b>,{" "}
        {bad.length === 0 ? "nothing to mend" : `${count(bad.length, "finding")} not good`}
      </summary>
      <p>Looked at {clock(checkup.at)}.</p>
      <dl>
        {checkup.findings.map((one) => (
          <Fragment key={one.check + one.text}>
            <dt>
              {one.check} <span class={`level ${one.level}`}>{one.level}</span>
            </dt>
            <dd>
              {one.text}
              {one.mend ? <span class="mend">{one.mend}</span> : null}
            </dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}

function Strangers({ found }: { found: StrangerDoc[] }) {
  const running = found.filter((one) => one.power === "on");
  const cpus = running.reduce((total, one) => total + one.cpus, 0);
  const memory = running.reduce((total, one) => total + one.memoryMiB, 0);
  return (
    <details class="strangers">
      <summary>
        {count(found.length, "guest")} of others: {count(cpus, "processor")} and {memory} MiB in use
        are not offered
      </summary>
      <ul>
        {found.map((one) => (
          <li key={`${one.host}/${one.name}`}>
            {one.name} at {one.host}: {count(one.cpus, "processor")}, {one.memoryMiB} MiB,{" "}
            {one.power}
          </li>
        ))}
      </ul>
      <p>They are never touched.</p>
    </details>
  );
}

/** Read when the site is chosen, and when an event says that something of it has changed. */
function useKnown(api: Api, site: string, news: Happening | null): [Known | null, string | null] {
  const [known, setKnown] = useState<Known | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const told = news !== null && /^(agent|host|site|guest)\./.test(news.kind) ? news.serial : 0;
  useEffect(() => {
    let isLeft = false;
    const read = async () => {
      const shown = await api.get<SiteShownDoc>(`/sites/${site}`);
      const strangers =
        shown.strangers > 0 ? await api.items<StrangerDoc>(`/sites/${site}/strangers`) : [];
      if (isLeft) return;
      setKnown({ site, shown, strangers });
      setTrouble(null);
    };
    read().catch((error: unknown) => {
      if (!isLeft) setTrouble(wordsOf(error));
    });
    return () => {
      isLeft = true;
    };
  }, [api, site, told]);
  return [known?.site === site ? known : null, trouble];
}
