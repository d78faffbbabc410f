/** How large letters and discs are on the map, on a wide screen and a narrow one. */
import { useEffect, useState } from "preact/hooks";

/** In units of the drawing, of which a narrow screen has three to a pixel. */
export interface Type {
  city: number;
  line: number;
  disc: number;
  hasGuests: boolean;
}

const WIDE_TYPE: Type = { city: 19, line: 22, disc: 1, hasGuests: true };
const NARROW_TYPE: Type = { city: 40, line: 42, disc: 1.7, hasGuests: false };
const NARROW = "(max-width: 40rem)";

export function useType(): Type {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const listen = () => setNarrow(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, []);
  return isNarrow ? NARROW_TYPE : WIDE_TYPE;
}
