/** What was asked for sites that are not heard: it waits for them, and may be taken back. */
import { useRef } from "preact/hooks";
import type { Api } from "./api";
import type { Facts, InstanceDoc } from "./league";
import { Outcome, useAct } from "./outcome";
import { clock, count } from "./words";

interface Props {
  api: Api;
  tenant: string;
  facts: Facts;
}

/** Nothing where nothing waits, but for what became of the last act. */
export function Queue({ api, tenant, facts }: Props) {
  const waiting = facts.instances.filter((one) => one.status.pendingSince !== null);
  const chosen = useRef<InstanceDoc["metadata"] | null>(null);
  const act = useAct(api, async () => {
    const { workspace = "", name = "" } = chosen.current ?? {};
    const path = `/tenants/${tenant}/workspaces/${workspace}/instances/${name}/withdrawal`;
    await api.post<InstanceDoc>(path, undefined);
    const said = <p>What was asked for {name} is taken back; its site was never told.</p>;
    return { said, isRefusal: false };
  });
  if (waiting.length === 0 && act.done === null) return null;
  const all = facts.instances.length;
  return (
    <section class="queue" aria-labelledby="queue">
      <h2 id="queue">What waits for sites</h2>
      {waiting.length === 0 ? null : (
        <p>
          <b>
            {all - waiting.length} of {all}
          </b>{" "}
          have what was asked; {count(waiting.length, "change waits", "changes wait")} until the
          site is heard, and holds up nobody else.
        </p>
      )}
      <ul>
        {waiting.map(({ metadata, status }) => (
          <li key={metadata.id} data-waits={metadata.name}>
            <span>
              <b>{metadata.name}</b> for {status.placement?.site ?? "its site"} since{" "}
              {clock(status.pendingSince ?? 0)}
            </span>
            <button
              type="button"
              class="quiet"
              aria-label={`Take back what was asked for ${metadata.name}`}
              aria-busy={act.isBusy}
              onClick={() => {
                chosen.current = metadata;
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
        command={`hanza withdraw ${chosen.current?.name ?? waiting[0]?.metadata.name ?? ""}`}
      />
    </section>
  );
}
