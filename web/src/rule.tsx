/** Moving the rule: tighten the workspace's policy, see what now violates it, and take it back. */
import { useState } from "preact/hooks";
import { type Api, Refused } from "./api";
import type { Facts, KeptDoc, PolicyDoc } from "./league";
import { Outcome, useAct } from "./outcome";
import { count, countryName } from "./words";

interface Props {
  api: Api;
  tenant: string;
  facts: Facts;
  workspace: string;
}

export function MoveRule({ api, tenant, facts, workspace }: Props) {
  const used = facts.instances.map((one) => one.status.placement?.country ?? "").filter(Boolean);
  const countries = [...new Set([...used, ...facts.sites.map((one) => one.spec.country)])];
  const [chosen, setCountry] = useState("");
  const country = countries.includes(chosen) ? chosen : (countries[0] ?? "");
  const path = `/tenants/${tenant}/workspaces/${workspace}/policy`;
  const move = useAct(api, async () => {
    const kept = await api.put<KeptDoc>(path, {
      spec: without(await policyOf(api, path), country),
    });
    back.clear();
    return { said: <Violations kept={kept} country={country} />, isRefusal: false };
  });
  const back = useAct(api, async () => {
    const spec = withAgain(await policyOf(api, path), country);
    if (spec === null) await api.delete(path);
    else await api.put<KeptDoc>(path, { spec });
    move.clear();
    const said = <p>Data may be in {countryName(country)} again; what ran there never stopped.</p>;
    return { said, isRefusal: false };
  });
  return (
    <section class="act" aria-labelledby="act-rule">
      <h3 id="act-rule">The workspace's rule</h3>
      <div class="controls">
        <label>
          <span class="hidden">Country that is no longer allowed</span>
          <select value={country} onChange={(event) => setCountry(event.currentTarget.value)}>
            {countries.map((code) => (
              <option key={code} value={code}>
                no data in {countryName(code)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={move.run} aria-busy={move.isBusy}>
          Move the rule
        </button>
        <button type="button" onClick={back.run} aria-busy={back.isBusy}>
          Move it back
        </button>
      </div>
      <Outcome
        done={move.done ?? back.done}
        command={`hanza demo move-rule ${country}${back.done === null ? "" : " --back"}`}
      />
    </section>
  );
}

function Violations({ kept, country }: { kept: KeptDoc; country: string }) {
  const found = kept.status.violations;
  return (
    <>
      <p>
        The rule of workspace {kept.metadata.workspace} now allows no data in {countryName(country)}
        . {count(found.length, "guest stands", "guests stand")} against it, and nothing was ended:
        it is yours to say what becomes of {found.length === 1 ? "it" : "them"}.
      </p>
      <dl>
        {found.map((one) => (
          <div key={`${one.name} ${one.rule} ${one.text}`}>
            <dt>{one.name}</dt>
            <dd>
              at {one.site}: it {one.text}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

async function policyOf(api: Api, path: string): Promise<PolicyDoc> {
  try {
    return (await api.get<KeptDoc>(path)).spec;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return {};
    throw error;
  }
}

function without(policy: PolicyDoc, country: string): PolicyDoc {
  const { residency = {} } = policy;
  const deny = [...new Set([...(residency.deny ?? []), country])];
  return { ...policy, residency: { ...residency, deny } };
}

/** Null when nothing is left to keep. */
function withAgain(policy: PolicyDoc, country: string): PolicyDoc | null {
  const { residency = {}, ...rest } = policy;
  const { deny = [], ...allowed } = residency;
  const left = deny.filter((one) => one !== country);
  const members = left.length > 0 ? { ...allowed, deny: left } : allowed;
  const spec = Object.keys(members).length > 0 ? { ...rest, residency: members } : rest;
  return Object.keys(spec).length > 0 ? spec : null;
}
