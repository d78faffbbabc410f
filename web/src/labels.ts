/**
 * Where words go on the map, so that none lies across another: what stands too close is fanned out,
 * each label takes the first free side, and what finds none is not drawn.  Pure, but for measuring.
 */
import type { Spot } from "./projection";

export interface Disc extends Spot {
  readonly radius: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly wide: number;
  readonly high: number;
}

type Side =
  | "right"
  | "left"
  | "below"
  | "above"
  | "right-below"
  | "left-below"
  | "right-above"
  | "left-above";

/** What somebody wants to say at a spot, the fullest form first. */
export interface Wish {
  readonly at: Disc;
  readonly forms: string[][];
  readonly size: number;
  readonly line: number;
  readonly isPulledRight: boolean;
}

export interface Label {
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  readonly lines: string[];
  readonly box: Box;
}

const GAP = 3;
const OFF = 9;
const ROUNDS = 80;
const GOLDEN = 2.4;
/** The first line's letters, as a part of a line. */
const ASCENT = 0.8;

/** The same discs, none on another; each as near to where it is as that allows. */
export function fannedOut(discs: Disc[]): Disc[] {
  const moved = discs.map(({ x, y, radius }) => ({ x, y, radius }));
  for (let round = 0; round < ROUNDS; round += 1) {
    let isFree = true;
    for (const [at, one] of moved.entries()) {
      for (const other of moved.slice(at + 1)) {
        const far = Math.hypot(other.x - one.x, other.y - one.y);
        const lack = one.radius + other.radius + GAP - far;
        if (lack <= 0.01) continue;
        isFree = false;
        // Two sites of one spot have no direction between them, so each pair is given its own.
        const turn = far > 0.01 ? Math.atan2(other.y - one.y, other.x - one.x) : at * GOLDEN;
        const [x, y] = [(Math.cos(turn) * lack) / 2, (Math.sin(turn) * lack) / 2];
        one.x -= x;
        one.y -= y;
        other.x += x;
        other.y += y;
      }
    }
    if (isFree) break;
  }
  return moved;
}

/**
 * A label for each wish, in the order of the wishes; null where nothing fits.  When words in full
 * leave any of the first `must` without, all are tried in brief, and whichever leaves fewer of these
 * without is taken.
 */
export function laidOut(wishes: Wish[], must: number, discs: Disc[], frame: Box): (Label | null)[] {
  const full = placed(wishes, discs, frame, 0);
  if (left(full, must) === 0) return full;
  const brief = placed(wishes, discs, frame, 1);
  return left(brief, must) < left(full, must) ? brief : full;
}

/** Words at a wish's spot, whatever they cover; within the frame. */
export function laidOver(wish: Wish, lines: string[], frame: Box): Label {
  const labels = sidesOf(wish).map((side) => labelAt(wish, lines, side));
  const found = labels.find((one) => isWithin(one.box, frame)) ?? labels[0];
  if (found === undefined) throw new Error("there are sides always");
  return found;
}

function left(labels: (Label | null)[], must: number): number {
  return labels.slice(0, must).filter((one) => one === null).length;
}

function placed(wishes: Wish[], discs: Disc[], frame: Box, from: number): (Label | null)[] {
  const taken: Box[] = discs.map(boxOf);
  return wishes.map((wish) => {
    const own = discs.findIndex((one) => one.x === wish.at.x && one.y === wish.at.y);
    const forms = wish.forms.slice(Math.min(from, wish.forms.length - 1));
    for (const lines of forms) {
      for (const side of sidesOf(wish)) {
        const label = labelAt(wish, lines, side);
        const isFree = !taken.some((box, at) => at !== own && meet(label.box, box));
        if (isFree && isWithin(label.box, frame)) {
          taken.push(label.box);
          return label;
        }
      }
    }
    return null;
  });
}

function sidesOf(wish: Wish): Side[] {
  const [first, second]: [Side, Side] = wish.isPulledRight ? ["left", "right"] : ["right", "left"];
  const corners: Side[] = ["right-below", "left-below", "right-above", "left-above"];
  return [first, second, "below", "above", ...corners];
}

function labelAt(wish: Wish, lines: string[], side: Side): Label {
  const { x, y, radius } = wish.at;
  const { line } = wish;
  const wide = Math.max(...lines.map((words, at) => widthOf(words, wish.size, at === 0)));
  const high = lines.length * line;
  const off = radius + OFF;
  const isCorner = side.includes("-");
  const beside = isCorner ? off * 0.75 : off;
  let anchor: Label["anchor"] = "middle";
  let begins = x - wide / 2;
  if (side.startsWith("right")) [anchor, begins] = ["start", x + beside];
  if (side.startsWith("left")) [anchor, begins] = ["end", x - beside - wide];
  let top = y - line / 2;
  if (side.endsWith("below")) top = y + (isCorner ? off * 0.5 : off - 4);
  if (side.endsWith("above")) top = y - high - (isCorner ? off * 0.5 : off - 4);
  const at = { start: begins, middle: x, end: begins + wide }[anchor];
  return { x: at, y: top + line * ASCENT, anchor, lines, box: { x: begins, y: top, wide, high } };
}

function boxOf({ x, y, radius }: Disc): Box {
  const reach = radius + GAP;
  return { x: x - reach, y: y - reach, wide: 2 * reach, high: 2 * reach };
}

function meet(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.wide &&
    other.x < one.x + one.wide &&
    one.y < other.y + other.high &&
    other.y < one.y + one.high
  );
}

function isWithin(box: Box, frame: Box): boolean {
  return (
    box.x >= frame.x &&
    box.y >= frame.y &&
    box.x + box.wide <= frame.x + frame.wide &&
    box.y + box.high <= frame.y + frame.high
  );
}

const measured = new Map<string, number>();
const paper = document.createElement("canvas").getContext("2d");

/** In units of the drawing; the first line is bold and a little larger, as the style has it. */
function widthOf(words: string, size: number, isFirst: boolean): number {
  const font = `${isFirst ? "650" : "400"} ${size}px system-ui, sans-serif`;
  const key = `${font} ${words}`;
  let wide = measured.get(key);
  if (wide === undefined) {
    if (paper !== null) paper.font = font;
    wide = (paper?.measureText(words).width ?? words.length * size * 0.6) + GAP;
    measured.set(key, wide);
  }
  return wide;
}
