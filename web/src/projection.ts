/**
 * Where a place is on the map: Lambert's equal areas about 10° E, 52° N, in units of the drawing.
 * The outline was projected in the same way by `scripts/europe.py`; a browser test holds the two
 * together.
 */
const RADIUS_KM = 6371;
const KM_WIDE = 3560;
const LEFT_KM = -1860;
const TOP_KM = 1500;
const UNITS_WIDE = 1000;

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export function project(latitude: number, longitude: number): Spot {
  const phi = radians(latitude);
  const turn = radians(longitude - 10);
  const middle = radians(52);
  const cosine =
    Math.sin(middle) * Math.sin(phi) + Math.cos(middle) * Math.cos(phi) * Math.cos(turn);
  const scale = RADIUS_KM * Math.sqrt(2 / Math.max(1 + cosine, 1e-9));
  const x = scale * Math.cos(phi) * Math.sin(turn);
  const y =
    scale * (Math.cos(middle) * Math.sin(phi) - Math.sin(middle) * Math.cos(phi) * Math.cos(turn));
  const unit = UNITS_WIDE / KM_WIDE;
  return { x: (x - LEFT_KM) * unit, y: (TOP_KM - y) * unit };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
