/** The buttons: each does a real thing, has a command that does the same, and tells what it did. */
import { type ComponentChildren, Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Api } from "./api";
import type { CableDoc, Facts, Happening, InstanceDoc, QuoteDoc } from "./league";
import { Outcome, useAct } from "./outcome";
import { MoveRule } from "./rule";
import { bootOf, clock, count, countryName, duration, helps, inLocalTime, list } from "./words";

/** The members of the EU; what is asked for is one where the league has no site. */
const UNION =
  "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");
const SMALL = { image: "tiny", cpus: 1, memoryMiB: 96, diskMiB: 64 };

interface Props {
  api: Api;
  tenant: string;
  facts: Facts;
  cables: CableDoc[];
  workspace: string;
  asked: string | null;
  site: string | null;
  /** The newest event, to tell what an act led to. */
  news: Happening | null;
  ask: (country: string | null) => void;
  choose: (site: string) => void;
}

/** For a demo's page alone, whose plane has the desk. */
export function Acts(props: Props) {
  return (
    <div class="acts">
      <Forbidden {...props} />
      <Plug {...props} />
      <MoveRule
        api={props.api}
        tenant={props.tenant}
        facts={props.facts}
        workspace={props.workspace}
      />
    </div>
  );
}

function Forbidden({ api, tenant, facts, workspace, ask }: Props) {
  const members = new Set(facts.sites.map((one) => one.spec.country));
  const others = UNION.filter((code) => !members.has(code)).sort((one, other) =>
    countryName(one).localeCompare(countryName(other)),
  );
  const [chosen, setCountry] = useState("FR");
  const country = others.includes(chosen) ? chosen : (others[0] ?? "FR");
  const act = useAct(api, async () => {
    ask(country);
    const policy = { residency: [country] };
    const path = `/tenants/${tenant}/workspaces/${workspace}/quotes`;
    const quote = await api.post<QuoteDoc>(path, {
      instances: { forbidden: { ...SMALL, policy } },
    });
    return { said: refusalOf(quote, country), isRefusal: true };
  });
  return (
    <section class="act" aria-labelledby="act-forbidden">
      <h3 id="act-forbidden">A country with no site</h3>
      <div class="controls">
        <label>
          <span class="hidden">Country to ask for</span>
          <select value={country} onChange={(event) => setCountry(event.currentTarget.value)}>
            {others.map((code) => (
              <option key={code} value={code}>
                {countryName(code)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={act.run} aria-busy={act.isBusy}>
          Ask for a forbidden country
        </button>
      </div>
      <Outcome done={act.done} command={`hanza demo ask-forbidden ${country}`} />
    </section>
  );
}

function refusalOf(quote: QuoteDoc, country: string): ComponentChildren {
  const line = quote.items[0];
  if (line === undefined || line.placement !== null) {
    return <p>It may run there: {line?.because}. Nothing was started.</p>;
  }
  const { refusals, relaxations, lookedAt } = line.explanation;
  return (
    <>
      <p>
        <b>Refused.</b> Nothing may run in {countryName(country)}:{" "}
        {count(lookedAt, "host was", "hosts were")} looked at, and nothing was started.
      </p>
      <dl>
        {refusals.map((one) => (
          <Fragment key={one.says}>
            <dt>{one.rule}</dt>
            <dd>
              {count(one.hosts, "host is", "hosts are")} {one.says}
              {one.which.length > 0
                ? `: ${list(one.which.map((name) => name.split("/")[0] ?? name))}`
                : ""}
            </dd>
          </Fragment>
        ))}
        <dt>would help</dt>
        <dd>
          {relaxations.length === 0
            ? "no change of one rule alone"
            : relaxations.map((one) => <span key={one.text}>{helps(one)}</span>)}
        </dd>
      </dl>
    </>
  );
}

function Plug({ api, facts, cables, site, news, choose }: Props) {
  const chosen = cables.find((one) => one.site === site)?.site ?? cables[0]?.site ?? "";
  const [before, setBefore] = useState<InstanceDoc[]>([]);
  const [pulledAt, setPulledAt] = useState(0);
  const [later, setLater] = useState<string | null>(null);
  const here = facts.instances.filter((one) => one.status.placement?.site === chosen);
  const names = list(here.map((one) => one.metadata.name)) || "nothing";
  const pull = useAct(api, async () => {
    const { changed } = await api.desk<{ changed: boolean }>("POST", `/cables/${chosen}/pull`);
    plug.clear();
    setLater(null);
    choose(chosen);
    if (!changed) return { said: <p>The cable of {chosen} is out already.</p>, isRefusal: false };
    setBefore(here);
    setPulledAt(api.now());
    const said = (
      <p>
        The cable of {chosen} is out: {names} there goes on serving, as the page below shows from
        inside the site. The others are untouched.
      </p>
    );
    return { said, isRefusal: false };
  });
  const plug = useAct(api, async () => {
    const { changed } = await api.desk<{ changed: boolean }>("POST", `/cables/${chosen}/plug`);
    pull.clear();
    setLater(null);
    choose(chosen);
    const said = changed ? "is in again; its agent dials out by itself." : "is in already.";
    return {
      said: (
        <p>
          The cable of {chosen} {said}
        </p>
      ),
      isRefusal: false,
    };
  });
  useEffect(() => {
    if (news === null) return;
    const agent = facts.agents.find((one) => one.metadata.id === news.subject);
    if (agent?.spec.site !== chosen) return;
    if (news.kind === "agent.silent")
      setLater(`${clock(news.at)} ${inLocalTime(news.text, news.at)}.`);
    if (news.kind === "agent.heard") setLater(backOf(news, pulledAt, before, facts));
  }, [news]);
  return (
    <section class="act" aria-labelledby="act-plug">
      <h3 id="act-plug">A site's cable</h3>
      <div class="controls">
        <label>
          <span class="hidden">Site whose cable it is</span>
          <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            {cables.map((one) => (
              <option key={one.site} value={one.site}>
                {one.site}
                {one.isPlugged ? "" : " (out)"}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={pull.run} aria-busy={pull.isBusy}>
          Pull the plug
        </button>
        <button type="button" onClick={plug.run} aria-busy={plug.isBusy}>
          Plug in
        </button>
      </div>
      <Outcome
        done={pull.done ?? plug.done}
        later={later}
        command={`hanza demo plug ${plug.done === null ? "pull" : "in"} ${chosen}`}
      />
    </section>
  );
}

/** What became of the guests while nothing was heard. */
function backOf(news: Happening, pulledAt: number, before: InstanceDoc[], facts: Facts): string {
  const away = pulledAt > 0 ? ` after ${duration(Date.parse(news.at) - pulledAt)}` : "";
  const kept = before.filter((one) => {
    const now = facts.instances.find((other) => other.metadata.id === one.metadata.id);
    return now !== undefined && bootOf(now) === bootOf(one);
  });
  const words = kept.map((one) => {
    const boot = bootOf(one);
    return boot === null
      ? one.metadata.name
      : `${one.metadata.name} (still boot ${boot} of its disk)`;
  });
  const same = words.length > 0 ? ` Nothing was restarted: ${list(words)}.` : "";
  return `${clock(news.at)} It is heard again${away}, and its report caught up.${same}`;
}
