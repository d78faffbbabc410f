/** What was asked for sites that are not heard: it waits for them, and may be taken back. */
import { useRef } from "preact/hooks";
import type { Api } from "./api";
import type { Facts } from "./league";
import { Outcome, useAct } from "./outcome";
import { clock, count } from "./words";

interface Props {
  api: Api;
  tenant: string;
  facts: Facts;
}

/** One change that waits, of an instance or a volume. */
interface Change {
  id: string;
  name: string;
  /** What of it, where that is not all. */
  what: string;
  /** Where it is taken back, and by which command. */
  path: string;
  command: string;
  site: string;
  since: string;
}

/** Nothing where nothing waits, but for what became of the last act. */
export function Queue({ api, tenant, facts }: Props) {
  const changes = changesOf(facts);
  const chosen = useRef<Change | null>(null);
  const act = useAct(api, async () => {
    const { path = "", name = "" } = chosen.current ?? {};
    await api.post<unknown>(`/tenants/${tenant}/workspaces/${path}/withdrawal`, undefined);
    const said = <p>What was asked for {name} is taken back; its site was never told.</p>;
    return { said, isRefusal: false };
  });
  if (changes.length === 0 && act.done === null) return null;
  const all = facts.instances.length + facts.waiting.length;
  return (
    <section class="queue" aria-labelledby="queue">
      <h2 id="queue">What waits for sites</h2>
      {changes.length === 0 ? null : (
        <p>
          <b>
            {all - changes.length} of {all}
          </b>{" "}
          have what was asked; {count(changes.length, "change waits", "changes wait")} until the
          site is heard, and holds up nobody else.
        </p>
      )}
      <ul>
        {changes.map((one) => (
          <li key={one.id} data-waits={one.name}>
            <span>
              <b>{one.name}</b>
              {one.what} for {one.site} since {clock(one.since)}
            </span>
            <button
              type="button"
              class="quiet"
              aria-label={`Take back what was asked for ${one.name}`}
              aria-busy={act.isBusy}
              onClick={() => {
                chosen.current = one;
                act.run();
              }}
            >
              Take back
            </button>
          </li>
        ))}
      </ul>
      <Outcome
        done={act.done}
        command={(chosen.current ?? changes[0])?.command ?? "hanza withdraw"}
      />
    </section>
  );
}

function changesOf(facts: Facts): Change[] {
  const instances = facts.instances.map(({ metadata, status }) => ({
    id: metadata.id,
    name: metadata.name,
    what: "",
    path: `${metadata.workspace}/instances/${metadata.name}`,
    command: `hanza withdraw ${metadata.name}`,
    site: status.placement?.site ?? "its site",
    since: status.pendingSince,
  }));
  const volumes = facts.waiting.map(({ metadata, spec, status }) => ({
    id: metadata.id,
    name: metadata.name,
    what: status.state === "deleting" ? ", its end," : `, ${spec.sizeMiB} MiB,`,
    path: `${metadata.workspace}/volumes/${metadata.name}`,
    command: `hanza volume withdraw ${metadata.name}`,
    site: status.site ?? "its instance",
    since: status.pendingSince,
  }));
  return [...volumes, ...instances].filter((one): one is Change => one.since !== null);
}
