/** How far a release of the agent is: by ring, and what runs at each site. */
import type { RolloutDoc, Updating } from "./league";
import { count } from "./words";

const HOW: [Updating, string][] = [
  ["good", "done"],
  ["underWay", "under way"],
  ["untried", "to come"],
  ["failed", "failed"],
  ["none", "not asked"],
];
const WORDS: Record<RolloutDoc["agents"][number]["condition"], string> = {
  good: "done",
  under_way: "under way",
  untried: "to come",
  failed: "failed",
  none: "not asked",
};

/** Nothing where no release was ever rolled out, or for who may not know. */
export function Rollout({ rollout }: { rollout: RolloutDoc | null }) {
  if (rollout === null) return null;
  const { release, state, why, rings, agents } = rollout;
  return (
    <section class="rollout" aria-labelledby="rollout">
      <h2 id="rollout">Agents' release {release}</h2>
      <p class={state === "halted" ? "against" : ""}>
        <b data-rollout={state}>{state}</b>, begun {new Date(rollout.since).toLocaleString("en-GB")}
        {why === "" ? "" : `: ${why}`}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">ring</th>
            {HOW.map(([how, word]) => (
              <th key={how} scope="col">
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rings.map((one) => (
            <tr key={one.ring} data-ring={one.ring}>
              <th scope="row">{one.ring}</th>
              {HOW.map(([how]) => (
                <td key={how} class={how === "failed" && one.failed > 0 ? "against" : ""}>
                  {one[how]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <details>
        <summary>{count(agents.length, "agent")}, and what each runs</summary>
        <ul>
          {agents.map((one) => (
            <li key={one.agent} data-updating={one.site}>
              <b>{one.site}</b> runs {one.release || "what tells no release"}:{" "}
              {WORDS[one.condition]}, in ring {one.ring}
              {one.why === "" ? "" : `; ${one.why}`}
            </li>
          ))}
        </ul>
      </details>
      <p class="twin">
        By command: <code>hanza rollout status</code>
      </p>
    </section>
  );
}
