/**
 * A visit: the page that a guest serves, as a visitor at its own site gets it just now, also while
 * the site's cable is out.
 *
 * It is strangers' content, so it is shown in a frame that may do nothing: no script, no form, no
 * origin, and by the page's own policy nothing from anywhere else.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import { type Api, Refused } from "./api";
import frameStyle from "./guest.css?url";
import type { Facts, Happening, VisitDoc } from "./league";
import { isUnplugged } from "./league";
import { wordsOf } from "./live";
import { clock } from "./words";

/** What would only be refused there, and complained of. */
const USELESS = "script, style, link, meta, base, title, iframe, object, embed";
const KEPT = new Set(["id", "class", "href", "lang", "alt"]);
/** How long after a visit that brought no page the next begins: a busy guest is not a dead one. */
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

interface Props {
  api: Api;
  facts: Facts;
  site: string | null;
  news: Happening | null;
}

export function Visit({ api, facts, site, news }: Props) {
  const guests = facts.instances.filter(
    (one) => one.status.placement !== null && (one.spec.ports ?? []).length > 0,
  );
  const here = guests.filter((one) => one.status.placement?.site === site);
  const [wanted, setWanted] = useState("");
  const [visit, setVisit] = useState<VisitDoc | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [times, setTimes] = useState(0);
  const [failed, setFailed] = useState(0);
  const offered = here.length > 0 ? here : guests;
  const chosen = offered.find((one) => one.metadata.name === wanted) ?? offered[0];
  const name = chosen?.metadata.name ?? "";
  const where = chosen?.status.placement?.site ?? "";
  const boot = chosen?.status.boot ?? "";
  const isOut = isUnplugged(facts, where);
  useEffect(() => {
    if (name === "") return;
    let isLate = false;
    api.desk<VisitDoc>("GET", `/visits/${encodeURIComponent(name)}`).then(
      (found) => {
        if (isLate) return;
        setVisit(found);
        setTrouble(null);
        setFailed((one) => (found.trouble === undefined ? 0 : one + 1));
      },
      (error: unknown) => {
        if (isLate) return;
        setVisit(null);
        setTrouble(error instanceof Refused ? error.message : wordsOf(error));
        setFailed((one) => one + 1);
      },
    );
    return () => {
      isLate = true;
    };
  }, [api, name, boot, isOut, times]);
  useEffect(() => {
    if (news?.kind === "agent.silent" || news?.kind === "agent.heard") setTimes((one) => one + 1);
  }, [news]);
  useEffect(() => setFailed(0), [name, boot, isOut]);
  useEffect(() => {
    const wait = AGAIN_MS[failed - 1];
    if (wait === undefined) return;
    const timer = setTimeout(() => setTimes((one) => one + 1), wait);
    return () => clearTimeout(timer);
  }, [failed]);
  const frame = useMemo(() => (visit === null ? "" : framed(visit)), [visit]);
  if (name === "") {
    return <p class="empty">No guest publishes a page yet.</p>;
  }
  return (
    <>
      <div class="controls">
        <label>
          <span class="hidden">Guest whose page is shown</span>
          <select value={name} onChange={(event) => setWanted(event.currentTarget.value)}>
            {offered.map((one) => (
              <option key={one.metadata.id} value={one.metadata.name}>
                {one.metadata.name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => setTimes((one) => one + 1)}>
          Visit again
        </button>
      </div>
      <p class="visited" role="status">
        {trouble ?? (visit === null ? "Going there…" : visited(visit, isOut))}
      </p>
      {visit?.text === undefined ? null : (
        <iframe title={`The page that ${visit.instance} serves`} sandbox="" srcDoc={frame} />
      )}
    </>
  );
}

function visited(visit: VisitDoc, isOut: boolean): string {
  const at = `${clock(visit.at)}, inside ${visit.site}`;
  if (visit.trouble !== undefined) return `At ${at}: no page came. ${visit.trouble}`;
  const still = isOut ? " Its cable is out, and it serves its neighbours all the same." : "";
  return `Served by ${visit.instance} at ${at}, in ${visit.ms} ms.${still}`;
}

/** The guest's page in our type and colours, without what a frame like this refuses anyway. */
function framed(visit: VisitDoc): string {
  const page = new DOMParser().parseFromString("<!doctype html><body></body>", "text/html");
  if (visit.mediaType === "text/html") {
    const { content } = Object.assign(document.createElement("template"), {
      innerHTML: visit.text ?? "",
    });
    for (const one of content.querySelectorAll(USELESS)) one.remove();
    for (const one of content.querySelectorAll("*")) {
      for (const { name } of [...one.attributes]) {
        if (!KEPT.has(name)) one.removeAttribute(name);
      }
    }
    page.body.append(page.importNode(content, true));
  } else {
    const plain = page.createElement("pre");
    plain.textContent = visit.text ?? "";
    page.body.append(plain);
  }
  const style = page.createElement("link");
  style.rel = "stylesheet";
  style.href = frameStyle;
  page.head.append(style);
  return `<!doctype html>${page.documentElement.outerHTML}`;
}
