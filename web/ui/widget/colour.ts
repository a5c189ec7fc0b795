// From the shop's one colour to all shades that the chat box needs, each readable (WCAG AA) on what lies under it.

type Rgb = readonly [number, number, number];

export const DEFAULT_COLOUR = "#2f6f4f";
const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [24, 28, 26];
const DARK_SURFACE: Rgb = [34, 38, 36];
const READABLE = 4.5;
const VISIBLE = 1.5;

export interface Shades {
  /** The colour itself: header, launcher, the visitor's bubbles. */
  readonly accent: string;
  /** Text on it. */
  readonly on: string;
  readonly hover: string;
  /** As text on white, and on the dark surface. */
  readonly text: string;
  readonly darkText: string;
  /** The colour where the page is dark: a dark one is lifted, so that it still has an edge. */
  readonly darkAccent: string;
  /** A breath of it, as a background. */
  readonly tint: string;
  readonly darkTint: string;
}

/** `#abc` or `#aabbcc`; anything else is the default colour. */
export function shades(colour: string): Shades {
  const accent = parse(colour) ?? (parse(DEFAULT_COLOUR) as Rgb);
  const on = contrast(accent, WHITE) >= READABLE || contrast(accent, WHITE) > contrast(accent, INK) ? WHITE : INK;
  const solid = until(accent, on === WHITE ? INK : WHITE, (shade) => contrast(shade, on) >= READABLE);
  const tint = mix(accent, WHITE, 0.9);
  const darkTint = mix(DARK_SURFACE, accent, 0.28);
  return {
    accent: hex(solid),
    on: hex(on),
    hover: hex(mix(solid, on === WHITE ? INK : WHITE, 0.14)),
    text: hex(until(accent, INK, (shade) => contrast(shade, tint) >= READABLE)),
    darkText: hex(until(accent, WHITE, (shade) => Math.min(contrast(shade, darkTint), contrast(shade, DARK_SURFACE)) >= READABLE)),
    darkAccent: hex(until(solid, WHITE, (shade) => contrast(shade, DARK_SURFACE) >= VISIBLE)),
    tint: hex(tint),
    darkTint: hex(darkTint),
  };
}

export function isColour(colour: string): boolean {
  return parse(colour) !== null;
}

/** WCAG 2 contrast of two `#rrggbb` colours, 1 to 21. */
export function contrastOf(a: string, b: string): number {
  return contrast(parse(a) ?? INK, parse(b) ?? INK);
}

function parse(colour: string): Rgb | null {
  const digits = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec(colour.trim())?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const value = parseInt(full, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** `colour`, moved towards `goal` no further than it takes to pass. */
function until(colour: Rgb, goal: Rgb, passes: (shade: Rgb) => boolean): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const shade = mix(colour, goal, share);
    if (passes(shade)) return shade;
  }
  return goal;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2): number => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
}

function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function hex(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
