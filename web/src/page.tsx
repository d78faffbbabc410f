/** The page: map, lists, buttons, and what goes around them. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Acts } from "./acts";
import { Api } from "./api";
import type { Link } from "./feed";
import { Happenings } from "./happenings";
import { type Happening, placesOf } from "./league";
import { Guests, SiteFacts, Sites } from "./lists";
import { Live, type Picture } from "./live";
import { MapOfEurope } from "./map";
import { Visit } from "./visit";
import { count } from "./words";

const LINKS: Record<Link, string> = {
  connecting: "connecting",
  live: "live",
  broken: "no answer from the plane; trying again",
  refused: "not known here",
};
const TICK_MS = 1000;
/** How far down the screen a panel may begin and still be seen to have changed. */
const IN_VIEW = 0.7;

export function Page({ token, leave }: { token: string; leave: (why: string | null) => void }) {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [news, setNews] = useState<Happening | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(siteInAddress);
  const panel = useRef<HTMLElement>(null);
  const api = useMemo(() => new Api(token), [token]);
  useEffect(() => {
    const live = new Live(api, setPicture, setNews);
    void live.start();
    return () => live.end();
  }, [api]);
  const now = useNow(api);
  if (picture?.link === "refused") leave("This token is not known here, or is too old.");
  const facts = picture?.facts;
  const places = useMemo(() => (facts === undefined ? [] : placesOf(facts)), [facts]);
  if (picture === null || facts === undefined || !picture.isRead) {
    return <Waiting trouble={picture?.trouble ?? null} />;
  }
  const place = places.find((one) => one.name === chosen);
  const choose = (site: string) => {
    setChosen(site);
    bringIntoView(panel.current);
    history.replaceState(null, "", `#site=${encodeURIComponent(site)}`);
  };
  const everywhere = () => {
    setChosen(null);
    history.replaceState(null, "", location.pathname);
  };
  const workspace = facts.instances[0]?.metadata.workspace ?? "demo";
  return (
    <>
      <header>
        <h1>Hanza</h1>
        <p class="league">
          {count(places.length, "site")} · {count(facts.providers.length, "provider")} ·{" "}
          {count(new Set(places.map((one) => one.country)).size, "country", "countries")} ·{" "}
          {count(facts.instances.length, "guest")}
        </p>
        <p class={`link ${picture.link}`} role="status">
          {LINKS[picture.link]}
        </p>
        <button type="button" class="quiet" onClick={() => leave(null)}>
          Sign out
        </button>
      </header>
      {picture.trouble === null ? null : (
        <p class="trouble" role="alert">
          What is shown may be old: {picture.trouble}
        </p>
      )}
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
                <SiteFacts place={place} now={now} />
                <button type="button" class="quiet" onClick={everywhere}>
                  Show all sites
                </button>
              </>
            )}
            <Guests facts={facts} places={places} site={place?.name ?? null} />
          </section>
          {facts.cables === null ? null : (
            <>
              <section aria-labelledby="acts">
                <h2 id="acts">Try it</h2>
                <Acts
                  api={api}
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
      <footer>
        Map: Natural Earth. The page asks nobody but its own plane, and is told what happens.
      </footer>
    </>
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

function Waiting({ trouble }: { trouble: string | null }) {
  return (
    <main class="alone">
      <h1>Hanza</h1>
      {trouble === null ? (
        <p role="status">Reading the league…</p>
      ) : (
        <p role="alert">{trouble}. Is the plane running? Load the page again when it is.</p>
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

function siteInAddress(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("site");
}
