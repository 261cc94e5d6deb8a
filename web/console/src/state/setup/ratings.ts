/** Figures of ratings in words. Pure. */

/** "83 %" of those who answered; a dash while nobody has. */
export const share = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${Math.round((100 * part) / whole)} %`;
