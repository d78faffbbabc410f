/** What the page shows, as its address says it behind `#`: every view can be linked.  Pure, but for the address. */
export const TENANT = "default";

export interface View {
  tenant: string;
  /** The site that was chosen, on the map or in the lists. */
  site: string | null;
  /** The instance that is explained. */
  explained: Explained | null;
}

export interface Explained {
  workspace: string;
  name: string;
}

export function viewOf(hash: string): View {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const [workspace, name] = (said.get("explain") ?? "").split("/");
  return {
    tenant: said.get("tenant") ?? TENANT,
    site: said.get("site"),
    explained: workspace && name ? { workspace, name } : null,
  };
}

/** Empty for the first view of all. */
export function hashOf({ tenant, site, explained }: View): string {
  const said = [
    tenant === TENANT ? "" : `tenant=${encodeURIComponent(tenant)}`,
    explained === null
      ? ""
      : `explain=${encodeURIComponent(explained.workspace)}/${encodeURIComponent(explained.name)}`,
    site === null ? "" : `site=${encodeURIComponent(site)}`,
  ].filter((one) => one !== "");
  return said.length === 0 ? "" : `#${said.join("&")}`;
}

export function addressOf(view: View): string {
  return location.pathname + hashOf(view);
}
