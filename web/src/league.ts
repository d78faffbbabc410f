/** The API's documents, and what the page derives from them.  Pure. */

export interface SiteDoc {
  metadata: { id: string; name: string };
  spec: {
    provider: string;
    country: string;
    city: string;
    latitude: number;
    longitude: number;
  };
}

export interface ProviderDoc {
  metadata: { name: string };
  spec: { title: string };
}

export interface HostDoc {
  metadata: { name: string };
  /** `agent` is who looks after it: a site may have several. */
  spec: { site: string; agent: string };
  status: {
    cpus: number;
    memoryMiB: number;
    heldCpus: number;
    heldMemoryMiB: number;
    accelerator: string;
    isOffered: boolean;
    isHeard: boolean;
  };
}

/** What an agent's doctor found last; the score is from 0 to 100. */
export interface CheckupDoc {
  at: string;
  score: number;
  findings: { check: string; level: string; text: string; mend?: string }[];
}

export interface SiteShownDoc {
  agents: { agent: AgentDoc; checkup: CheckupDoc | null }[];
  /** How many guests there are nobody's of this federation. */
  strangers: number;
}

/** A guest of others on a host; what it takes is not offered while it runs. */
export interface StrangerDoc {
  name: string;
  host: string;
  cpus: number;
  memoryMiB: number;
  power: string;
}

export interface AgentDoc {
  metadata: { id: string };
  spec: { site: string; driver: string };
  status: {
    heardAt: string | null;
    isHeard: boolean;
    isContested: boolean;
    revokedAt: string | null;
    /** Since when nothing that it says is taken, and why not; the last good report stays. */
    refusedSince: string | null;
    refused: string | null;
  };
}

export interface NearDoc {
  name?: string;
  latitude?: number;
  longitude?: number;
}

export interface InstanceDoc {
  metadata: { id: string; name: string; tenant: string; workspace: string };
  spec: {
    country: string | null;
    image: string;
    app?: string;
    policy?: { near?: NearDoc[]; residency?: { allow?: string[]; deny?: string[] } };
    ports?: { port: number; to: number }[];
  };
  status: {
    state: "pending" | "creating" | "active" | "deleting" | "error";
    power: string | null;
    boot: string;
    reason: string | null;
    placement: {
      site: string;
      city: string;
      country: string;
      provider: string;
      accelerator: string;
      heardAt: string | null;
    } | null;
    serialTail: string;
    /** Since when what was asked for it waits for its site, which is not heard. */
    pendingSince: string | null;
  };
}

export interface TenantDoc {
  metadata: { name: string };
}

export interface RelaxationDoc {
  rule: string;
  text: string;
  hosts: number;
  sites: number;
  pricePerMonth: number | null;
  /** The sites that it opens; none where it is several changes at once. */
  which: string[];
}

/** Predicted and measured side by side; `ms` is the one that counts. */
export interface RoundTripDoc {
  to: string;
  ms: number;
  marginMs: number;
  isMeasured: boolean;
  predictedMs: number;
  /** Nine of ten are within it. */
  predictedMarginMs: number;
  predictedBy: "coordinates" | "distance";
  measuredMs: number | null;
}

export interface PlaceDoc {
  site: string;
  city: string;
  country: string;
  provider: string;
  host: string;
}

export interface RunnerDoc {
  place: PlaceDoc;
  score: number;
  terms: Record<string, number>;
  pricePerMonth: number | null;
  roundTrips: RoundTripDoc[];
}

export interface LoserDoc {
  place: PlaceDoc;
  lacks: { rule: string; text: string }[];
}

/** A site that has lost a host to a rule. */
export interface SiteLookDoc {
  site: string;
  refused: number;
  refusals: { rule: string; says: string; hosts: number }[];
  roundTrips: RoundTripDoc[];
}

export interface LineDoc {
  name: string;
  placement: PlaceDoc | null;
  because: string;
  violations: string[];
  pricePerMonth: number | null;
  roundTrips: RoundTripDoc[];
  explanation: {
    lookedAt: number;
    may: number;
    sentence: string;
    refusals: { rule: string; says: string; hosts: number; which: string[] }[];
    best: RunnerDoc[];
    losers: LoserDoc[];
    relaxations: RelaxationDoc[];
  };
}

/** What the plane tells of one instance that is there. */
export interface PlacementDoc extends LineDoc {
  sites: SiteLookDoc[];
  /** How near to the best members are that are placed together, while they have no place. */
  proofs: { members: number; says: string }[];
}

export interface QuoteDoc {
  items: LineDoc[];
  refusals: string[];
  relaxations: RelaxationDoc[];
}

export interface Happening {
  serial: number;
  at: string;
  kind: string;
  subject: string;
  text: string;
}

export interface CableDoc {
  site: string;
  isPlugged: boolean;
}

/** As the API tells it back: countries as members, in full. */
export interface PolicyDoc {
  residency?: { allow?: string[]; deny?: string[] };
  [member: string]: unknown;
}

export interface ViolationDoc {
  workspace: string;
  name: string;
  site: string;
  rule: string;
  text: string;
  sentence: string;
}

export interface KeptDoc {
  metadata: { tenant: string; workspace: string; generation: number };
  spec: PolicyDoc;
  status: { violations: ViolationDoc[] };
}

/** What a visitor at the site got from a guest; `trouble` where that was nothing. */
export interface VisitDoc {
  instance: string;
  site: string;
  reach: string;
  at: string;
  status?: number;
  mediaType?: string;
  text?: string;
  ms?: number;
  trouble?: string;
}

/** A disk that outlives its instance: as far as something of it waits for its site. */
export interface VolumeDoc {
  metadata: { id: string; name: string; workspace: string };
  spec: { sizeMiB: number };
  status: { state: string; site: string | null; pendingSince: string | null };
}

export type Updating = "none" | "untried" | "underWay" | "good" | "failed";

/** How far a release of the agent is; `rings` counts agents by how they are. */
export interface RolloutDoc {
  release: string;
  state: "running" | "halted" | "done";
  why: string;
  since: string;
  rings: ({ ring: number } & Record<Updating, number>)[];
  agents: {
    agent: string;
    site: string;
    ring: number;
    /** What it runs. */
    release: string;
    condition: "none" | "untried" | "under_way" | "good" | "failed";
    why: string;
  }[];
}

export interface Facts {
  sites: SiteDoc[];
  providers: ProviderDoc[];
  hosts: HostDoc[];
  agents: AgentDoc[];
  tenants: TenantDoc[];
  instances: InstanceDoc[];
  /** Those of which something waits. */
  waiting: VolumeDoc[];
  /** Null where none was ever begun, and for who is not the operator. */
  rollout: RolloutDoc | null;
  /** Why each placed instance is where it is, by its id. */
  lines: Record<string, PlacementDoc>;
  /** What stands where a kept policy would not have it. */
  violations: ViolationDoc[];
  /** Null where the plane is not a demo's. */
  cables: CableDoc[] | null;
  happenings: Happening[];
}

export const NOTHING: Facts = {
  sites: [],
  providers: [],
  hosts: [],
  agents: [],
  tenants: [],
  instances: [],
  waiting: [],
  rollout: null,
  lines: {},
  violations: [],
  cables: null,
  happenings: [],
};

export type Condition =
  "steady" | "partly" | "unplugged" | "silent" | "contested" | "refused" | "revoked" | "empty";

/** One site with all that the page tells of it. */
export interface Place {
  name: string;
  city: string;
  country: string;
  latitude: number;
  longitude: number;
  provider: string;
  condition: Condition;
  /** When it was heard last, if it is not heard now. */
  quietSince: number | null;
  cpus: number;
  memoryMiB: number;
  heldMemoryMiB: number;
  /** Of agents that were not revoked. */
  hostCount: number;
  /** Those of them whose agents are not heard. */
  lost: string[];
  /** Why reports of its agents are not taken. */
  refused: string[];
  guests: InstanceDoc[];
}

export function placesOf(facts: Facts): Place[] {
  const titles = new Map(facts.providers.map((one) => [one.metadata.name, one.spec.title]));
  return facts.sites.map((site) => {
    const name = site.metadata.name;
    const hosts = facts.hosts.filter((one) => one.spec.site === name && one.status.isOffered);
    const agents = facts.agents.filter((one) => one.spec.site === name);
    const revoked = agents.filter((one) => one.status.revokedAt !== null);
    const known = facts.hosts.filter(
      (one) =>
        one.spec.site === name && !revoked.some((other) => other.metadata.id === one.spec.agent),
    );
    const heard = agents.map((one) => Date.parse(one.status.heardAt ?? "")).filter(Number.isFinite);
    const condition = conditionOf(agents, isUnplugged(facts, name));
    return {
      name,
      city: site.spec.city,
      country: site.spec.country,
      latitude: site.spec.latitude,
      longitude: site.spec.longitude,
      provider: titles.get(site.spec.provider) ?? site.spec.provider,
      condition,
      quietSince:
        heard.length > 0 && (condition === "silent" || condition === "unplugged")
          ? Math.max(...heard)
          : null,
      cpus: sum(hosts.map((one) => one.status.cpus)),
      memoryMiB: sum(hosts.map((one) => one.status.memoryMiB)),
      heldMemoryMiB: sum(hosts.map((one) => one.status.heldMemoryMiB)),
      hostCount: known.length,
      lost: known.filter((one) => !one.status.isHeard).map((one) => one.metadata.name),
      refused: agents.filter(isRefused).map((one) => one.status.refused ?? ""),
      guests: facts.instances.filter((one) => one.status.placement?.site === name),
    };
  });
}

export function isUnplugged(facts: Facts, site: string): boolean {
  return facts.cables?.some((one) => one.site === site && !one.isPlugged) ?? false;
}

function isRefused({ status }: AgentDoc): boolean {
  return status.revokedAt === null && status.refusedSince !== null;
}

function conditionOf(agents: AgentDoc[], unplugged: boolean): Condition {
  if (agents.length === 0) return "empty";
  if (agents.every((one) => one.status.revokedAt !== null)) return "revoked";
  if (agents.some((one) => one.status.isContested)) return "contested";
  if (!agents.some((one) => one.status.isHeard)) return "silent";
  if (unplugged) return "unplugged";
  if (agents.some(isRefused)) return "refused";
  const isWhole = agents.every((one) => one.status.isHeard || one.status.revokedAt !== null);
  return isWhole ? "steady" : "partly";
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
