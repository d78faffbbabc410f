/**
 * A page for one guest's serial port, apart from the others: what a guest says reaches no page that
 * shows anything else.  It is opened by the page's own links, whose tab gives it the token.
 */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { keptToken } from "./api";
import "./console.css";

const PROTOCOL = "hanza.console.v1";
const BEARER = "hanza.bearer.";
const FRAME_BYTES_MAX = 16 * 1024;
const IN_USE = "in_use";

/** How a console ended, by the close code that `wire/console_v1.py` tells. */
const ENDS: Record<number, string> = {
  1000: "you left",
  4100: "the guest went off, or is there no more",
  4101: "somebody else took it over",
  4102: "nothing was typed for long",
  4103: "it was open for as long as any may be",
  4104: "the guest does not read what is typed",
  4105: "what was typed broke the console's rules",
  4106: "part of the way is gone, or too slow",
};
const REFUSED = 4107;

interface Guest {
  tenant: string;
  workspace: string;
  name: string;
}

/** Of an address that ends in `#TENANT/WORKSPACE/NAME`; null where it does not. */
function guestOf(hash: string): Guest | null {
  const words = hash.slice(1).split("/").map(decodeURIComponent);
  const [tenant, workspace, name] = words;
  if (words.length !== 3 || !tenant || !workspace || !name) return null;
  return { tenant, workspace, name };
}

function addressOf(guest: Guest, takesOver: boolean): string {
  const [tenant, workspace, name] = [guest.tenant, guest.workspace, guest.name].map(
    encodeURIComponent,
  );
  const path = `/tenants/${tenant}/workspaces/${workspace}/instances/${name}/console`;
  const where = new URL(`/providers/hanza.federation/v1${path}`, location.href);
  where.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (takesOver) where.searchParams.set("takeOver", "true");
  return where.href;
}

function part<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

class Page {
  private readonly terminal = new Terminal({ cursorBlink: true, screenReaderMode: true });
  private readonly fit = new FitAddon();
  private readonly state = part("state", HTMLParagraphElement);
  private readonly again = part("again", HTMLButtonElement);
  private readonly force = part("force", HTMLButtonElement);
  private socket: WebSocket | null = null;

  constructor(
    private readonly guest: Guest,
    private readonly token: string,
  ) {
    document.title = `${guest.name} · Console · Hanza`;
    part("name", HTMLHeadingElement).textContent = guest.name;
    this.terminal.loadAddon(this.fit);
    this.terminal.open(part("screen", HTMLElement));
    this.fit.fit();
    window.addEventListener("resize", () => this.fit.fit());
    this.terminal.onData((typed) => this.send(new TextEncoder().encode(typed)));
    this.terminal.onBinary((typed) =>
      this.send(Uint8Array.from(typed, (one) => one.charCodeAt(0))),
    );
    this.again.addEventListener("click", () => this.open(false));
    this.force.addEventListener("click", () => this.open(true));
  }

  open(takesOver: boolean): void {
    this.show("opening…");
    const protocols = [PROTOCOL, BEARER + this.token];
    const socket = new WebSocket(addressOf(this.guest, takesOver), protocols);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.addEventListener("message", (event: MessageEvent<ArrayBuffer>) => {
      this.terminal.write(new Uint8Array(event.data));
    });
    socket.addEventListener("open", () => {
      this.show("open; every key goes to the guest");
      this.terminal.focus();
    });
    socket.addEventListener("close", (event) => this.tellEnd(event));
  }

  private send(typed: Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < typed.length; at += FRAME_BYTES_MAX) {
      this.socket.send(typed.slice(at, at + FRAME_BYTES_MAX));
    }
  }

  private tellEnd(event: CloseEvent): void {
    this.socket = null;
    if (event.code === REFUSED) {
      const [code = "", ...words] = event.reason.split(": ");
      this.show(`refused: ${words.join(": ")}`, code === IN_USE);
      return;
    }
    this.show(`it ended: ${ENDS[event.code] ?? "the plane does not answer"}`);
  }

  private show(words: string, mayForce = false): void {
    this.state.textContent = words;
    this.again.hidden = this.socket !== null && this.socket.readyState < WebSocket.CLOSING;
    this.force.hidden = !mayForce;
  }
}

const guest = guestOf(location.hash);
const token = keptToken();
if (guest === null || token === null) {
  part("state", HTMLParagraphElement).textContent =
    guest === null
      ? "no guest is named here: open it from the page"
      : "this tab has no token: open it from the page";
} else {
  new Page(guest, token).open(false);
}
