/** The page: map, lists, buttons, and what goes around them. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Acts } from "./acts";
import { Api } from "./api";
import { Explanation } from "./explain";
import { Header } from "./header";
import { Happenings } from "./happenings";
import { type Facts, type Happening, type Place, placesOf } from "./league";
import { Guests, Sites } from "./lists";
import { Live, type Picture } from "./live";
import { MapOfEurope } from "./map";
import { Queue } from "./queue";
import { Rollout } from "./rollout";
import { SiteFacts } from "./site";
import { addressOf, hashOf, TENANT, type View, viewOf } from "./view";
import { Visit } from "./visit";

const TICK_MS = 1000;
/** How far down the screen a panel may begin and still be seen to have changed. */
const IN_VIEW = 0.7;

interface PageProps {
  token: string;
  leave: (why: string | null) => void;
}

export function Page({ token, leave }: PageProps) {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [news, setNews] = useState<Happening | null>(null);
  const [view, go] = useView();
  const api = useMemo(() => new Api(token), [token]);
  useEffect(() => {
    setPicture(null);
    const live = new Live(api, view.tenant, setPicture, setNews);
    void live.start();
    return () => live.end();
  }, [api, view.tenant]);
  const facts = picture?.facts;
  const places = useMemo(() => (facts === undefined ? [] : placesOf(facts)), [facts]);
  if (picture?.link === "refused") leave("This token is not known here, or is too old.");
  if (picture === null || facts === undefined || !picture.isRead) {
    return <Waiting trouble={picture?.trouble ?? null} isDefault={view.tenant === TENANT} />;
  }
  return (
    <>
      <Header facts={facts} places={places} link={picture.link} view={view} go={go} leave={leave} />
      {picture.trouble === null ? null : (
        <p class="trouble" role="alert">
          What is shown may be old: {picture.trouble}
        </p>
      )}
      {view.explained === null ? (
        <League api={api} facts={facts} places={places} view={view} go={go} news={news} />
      ) : (
        <Explanation
          facts={facts}
          places={places}
          explained={view.explained}
          tenant={view.tenant}
          site={view.site}
          choose={(site) => go({ ...view, site })}
          back={hashOf({ ...view, explained: null, site: null }) || "#"}
        />
      )}
      <footer>
        Map: Natural Earth. The page asks nobody but its own plane, and is told what happens.
      </footer>
    </>
  );
}

interface LeagueProps {
  api: Api;
  facts: Facts;
  places: Place[];
  view: View;
  go: (view: View) => void;
  news: Happening | null;
}

function League({ api, facts, places, view, go, news }: LeagueProps) {
  const [asked, setAsked] = useState<string | null>(null);
  const panel = useRef<HTMLElement>(null);
  const now = useNow(api);
  const chosen = view.site;
  const place = places.find((one) => one.name === chosen);
  const choose = (site: string) => {
    go({ ...view, site });
    bringIntoView(panel.current);
  };
  const workspace = facts.instances[0]?.metadata.workspace ?? "demo";
  return (
    <main>
      <div class="where">
        <section aria-labelledby="map">
          <h2 id="map">The league</h2>
          <MapOfEurope
            facts={facts}
            places={places}
            chosen={chosen}
            asked={asked}
            now={now}
            choose={choose}
          />
          <Legend />
        </section>
        <section aria-labelledby="sites">
          <h2 id="sites">Sites</h2>
          <Sites places={places} chosen={chosen} now={now} choose={choose} />
        </section>
      </div>
      <div class="what">
        <section aria-labelledby="guests" ref={panel}>
          <h2 id="guests">
            {chosen === null ? "What runs, and why there" : `What runs at ${chosen}`}
          </h2>
          {place === undefined ? null : (
            <>
              <SiteFacts api={api} place={place} now={now} news={news} />
              <button type="button" class="quiet" onClick={() => go({ ...view, site: null })}>
                Show all sites
              </button>
            </>
          )}
          <Guests facts={facts} view={view} places={places} site={place?.name ?? null} />
        </section>
        <Queue api={api} tenant={view.tenant} facts={facts} />
        <Rollout rollout={facts.rollout} />
        {facts.cables === null ? null : (
          <>
            <section aria-labelledby="acts">
              <h2 id="acts">Try it</h2>
              <Acts
                api={api}
                tenant={view.tenant}
                facts={facts}
                cables={facts.cables}
                workspace={workspace}
                asked={asked}
                site={chosen}
                news={news}
                ask={setAsked}
                choose={choose}
              />
            </section>
            <section class="visit" aria-labelledby="visit">
              <h2 id="visit">A guest's own page</h2>
              <Visit api={api} facts={facts} site={chosen} news={news} />
            </section>
          </>
        )}
        <section aria-labelledby="feed">
          <h2 id="feed">What happened</h2>
          <Happenings facts={facts} />
        </section>
      </div>
    </main>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="What the marks mean">
      <li>
        <span class="mark steady" aria-hidden="true" /> heard; the arc is memory taken
      </li>
      <li>
        <span class="mark unplugged" aria-hidden="true" /> cable out
      </li>
      <li>
        <span class="mark silent" aria-hidden="true" /> silent
      </li>
      <li>
        <span class="mark line" aria-hidden="true" /> near to whom; ~ is guessed by distance
      </li>
    </ul>
  );
}

function Waiting({ trouble, isDefault }: { trouble: string | null; isDefault: boolean }) {
  return (
    <main class="alone">
      <h1>Hanza</h1>
      {trouble === null ? (
        <p role="status">Reading the league…</p>
      ) : (
        <p role="alert">{trouble}. Is the plane running? Load the page again when it is.</p>
      )}
      {isDefault ? null : (
        <p>
          <a href="#">Show tenant {TENANT}</a>
        </p>
      )}
    </main>
  );
}

export function SignIn({ why, enter }: { why: string | null; enter: (token: string) => void }) {
  const [token, setToken] = useState("");
  return (
    <main class="alone">
      <h1>Hanza</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") enter(token.trim());
        }}
      >
        {why === null ? null : <p role="alert">{why}</p>}
        <label for="token">Your token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit">Open the league</button>
        <p class="twin">
          The operator gets an address with the token in it by <code>hanza web</code>. It stays in
          this tab and is forgotten with it.
        </p>
      </form>
    </main>
  );
}

/** Only when it is out of sight, as on a narrow screen, where it is below the map. */
function bringIntoView(panel: HTMLElement | null): void {
  const top = panel?.getBoundingClientRect().top ?? 0;
  if (top < 0 || top > innerHeight * IN_VIEW) panel?.scrollIntoView({ block: "start" });
}

/** The plane's time, once a second: for words like "quiet for 48 s". */
function useNow(api: Api): number {
  const [now, setNow] = useState(api.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(api.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [api]);
  return now;
}

/** What the address says is shown; it is changed with what is shown, and the other way round. */
function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(() => viewOf(location.hash));
  useEffect(() => {
    const read = () => setView(viewOf(location.hash));
    addEventListener("hashchange", read);
    addEventListener("popstate", read);
    return () => {
      removeEventListener("hashchange", read);
      removeEventListener("popstate", read);
    };
  }, []);
  const go = (next: View) => {
    setView(next);
    history.replaceState(null, "", addressOf(next));
  };
  return [view, go];
}
