/**
 * Keeps the facts of the page as the plane has them: read once, and again only what an event says
 * has changed.  Nothing here looks at a clock to see whether it is time to ask.
 */
import { type Api, Refused } from "./api";
import { follow, type Link } from "./feed";
import {
  type AgentDoc,
  type CableDoc,
  type Facts,
  type Happening,
  type HostDoc,
  type InstanceDoc,
  NOTHING,
  type PlacementDoc,
  type ProviderDoc,
  type RolloutDoc,
  type SiteDoc,
  type TenantDoc,
  type ViolationDoc,
  type VolumeDoc,
} from "./league";

/** Whether the plane is a demo's, as it says in the page itself: no other has cables to pull. */
const HAS_DESK = document.documentElement.dataset.desk === "yes";
const KEPT = 100;
/** Events come in bursts; what they have changed is read once for all of them. */
const GATHER_MS = 120;

export interface Picture {
  facts: Facts;
  link: Link;
  /** False until everything was read once. */
  isRead: boolean;
  /** What could not be read, in words. */
  trouble: string | null;
}

type Part = "members" | "instances" | "cables" | "rollout";

export class Live {
  private picture: Picture = { facts: NOTHING, link: "connecting", isRead: false, trouble: null };
  private readonly stop = new AbortController();
  private readonly due = new Set<Part>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    readonly api: Api,
    readonly tenant: string,
    private readonly show: (picture: Picture) => void,
    private readonly heard: (one: Happening) => void,
  ) {}

  async start(): Promise<void> {
    try {
      const happenings = await this.api.items<Happening>("/events");
      this.tell({ happenings });
      await this.read(new Set<Part>(["members", "instances", "cables", "rollout"]));
      this.set({ isRead: true });
      const last = happenings.at(-1)?.serial ?? 0;
      await follow(
        this.api,
        last,
        (one) => this.take(one),
        (link) => this.set({ link }),
        this.stop.signal,
      );
    } catch (error) {
      if (this.stop.signal.aborted) return;
      const link = error instanceof Refused && error.status === 401 ? "refused" : "broken";
      this.set({ link, trouble: wordsOf(error) });
    }
  }

  end(): void {
    this.stop.abort();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private take(one: Happening): void {
    this.tell({ happenings: [...this.picture.facts.happenings, one].slice(-KEPT) });
    for (const part of partsOf(one.kind)) this.due.add(part);
    this.heard(one);
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      const due = new Set(this.due);
      this.due.clear();
      this.reading = this.reading.then(() => this.readOrSay(due));
    }, GATHER_MS);
  }

  private async readOrSay(due: Set<Part>): Promise<void> {
    try {
      await this.read(due);
      this.set({ trouble: null });
    } catch (error) {
      if (!this.stop.signal.aborted) this.set({ trouble: wordsOf(error) });
    }
  }

  private async read(due: Set<Part>): Promise<void> {
    await Promise.all([
      due.has("members") ? this.readMembers() : null,
      due.has("instances") ? this.readInstances() : null,
      due.has("cables") ? this.readCables() : null,
      due.has("rollout") ? this.readRollout() : null,
    ]);
  }

  private async readMembers(): Promise<void> {
    const { api } = this;
    const [sites, providers, hosts, agents, tenants] = await Promise.all([
      api.items<SiteDoc>("/sites"),
      api.items<ProviderDoc>("/providers"),
      api.items<HostDoc>("/hosts"),
      api.items<AgentDoc>("/agents"),
      api.items<TenantDoc>("/tenants"),
    ]);
    this.tell({ sites, providers, hosts, agents, tenants });
  }

  private async readInstances(): Promise<void> {
    const { api } = this;
    const [instances, hosts, violations, waiting] = await Promise.all([
      api.items<InstanceDoc>(`/tenants/${this.tenant}/instances`),
      api.items<HostDoc>("/hosts"),
      api.items<ViolationDoc>(`/tenants/${this.tenant}/violations`),
      api.items<VolumeDoc>(`/tenants/${this.tenant}/volumes?waiting=true`),
    ]);
    const placed = instances.filter((one) => one.status.state !== "deleting");
    const lines = await Promise.all(placed.map((one) => this.readLine(one)));
    const facts = { instances, hosts, violations, waiting };
    this.tell({ ...facts, lines: Object.fromEntries(lines.flat()) });
  }

  private async readLine(one: InstanceDoc): Promise<[string, PlacementDoc][]> {
    const { id, name, workspace } = one.metadata;
    const path = `/tenants/${this.tenant}/workspaces/${workspace}/instances/${name}/placement`;
    try {
      return [[id, await this.api.get<PlacementDoc>(path)]];
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return []; // it has just ended
      throw error;
    }
  }

  private async readCables(): Promise<void> {
    if (!HAS_DESK) return;
    const { items } = await this.api.desk<{ items: CableDoc[] }>("GET", "/cables");
    this.tell({ cables: items });
  }

  private async readRollout(): Promise<void> {
    try {
      const [rollout = null] = await this.api.items<RolloutDoc>("/rollouts");
      this.tell({ rollout });
    } catch (error) {
      if (!(error instanceof Refused && error.status === 403)) throw error;
      this.tell({ rollout: null });
    }
  }

  private tell(facts: Partial<Facts>): void {
    this.set({ facts: { ...this.picture.facts, ...facts } });
  }

  private set(change: Partial<Picture>): void {
    this.picture = { ...this.picture, ...change };
    if (!this.stop.signal.aborted) this.show(this.picture);
  }
}

/** What an event may have changed. */
function partsOf(kind: string): Part[] {
  const noun = kind.split(".")[0] ?? "";
  if (noun === "demo") return ["cables", "members"];
  if (["rollout", "update", "updates", "release"].includes(noun)) return ["rollout"];
  if (kind === "agent.updated") return ["members", "rollout"];
  if (noun === "agent") return ["members", "instances", "rollout"];
  if (["site", "provider", "host", "tenant", "report"].includes(noun))
    return ["members", "instances"];
  return ["instances"];
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
