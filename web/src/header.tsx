/** Whose league it is, whose guests are shown, and whether the plane is heard. */
import type { Link } from "./feed";
import type { Facts, Place } from "./league";
import type { View } from "./view";
import { count } from "./words";

const LINKS: Record<Link, string> = {
  connecting: "connecting",
  live: "live",
  broken: "no answer from the plane; trying again",
  refused: "not known here",
};

interface HeaderProps {
  facts: Facts;
  places: Place[];
  link: Link;
  view: View;
  go: (view: View) => void;
  leave: (why: string | null) => void;
}

export function Header({ facts, places, link, view, go, leave }: HeaderProps) {
  const names = [...new Set([...facts.tenants.map((one) => one.metadata.name), view.tenant])];
  return (
    <header>
      <h1>Hanza</h1>
      <p class="league">
        {count(places.length, "site")} · {count(facts.providers.length, "provider")} ·{" "}
        {count(new Set(places.map((one) => one.country)).size, "country", "countries")} ·{" "}
        {count(facts.instances.length, "guest")}
      </p>
      {names.length < 2 ? null : (
        <label class="tenant">
          Tenant{" "}
          <select
            value={view.tenant}
            onChange={(event) =>
              go({ tenant: event.currentTarget.value, site: null, explained: null })
            }
          >
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class={`link ${link}`} role="status">
        {LINKS[link]}
      </p>
      <button type="button" class="quiet" onClick={() => leave(null)}>
        Sign out
      </button>
    </header>
  );
}
