/**
 * Degrees as maps of China show them (GCJ-02) and as the rest of the world does (WGS 84): some hundred metres apart.
 * https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China#GCJ-02
 */

export type Degrees = { latitude: number; longitude: number };

const AXIS = 6_378_245; // metres, and the square of the eccentricity, of the ellipsoid of Krasovsky
const ECCENTRICITY = 0.006_693_421_622_965_943;
/** Each round is a few hundred times nearer: after three it is millimetres. */
const ROUNDS = 3;

/** Where a point of such a map is on others; outside of the box around China the two are one. */
export function fromChina(shown: Degrees): Degrees {
  if (!isInChina(shown)) return shown;
  let found = shown;
  for (let round = 0; round < ROUNDS; round += 1) {
    const shift = shiftAt(found);
    found = { latitude: shown.latitude - shift.latitude, longitude: shown.longitude - shift.longitude };
  }
  return found;
}

function isInChina({ latitude, longitude }: Degrees): boolean {
  return latitude > 0.8293 && latitude < 55.8271 && longitude > 72.004 && longitude < 137.8347;
}

/** By how much a point is moved there, in degrees. */
function shiftAt({ latitude, longitude }: Degrees): Degrees {
  const x = longitude - 105;
  const y = latitude - 35;
  const root = Math.sqrt(Math.abs(x));
  const common = waves(x, [[20, 6], [20, 2]]);
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root +
    (2 / 3) * (common + waves(y, [[20, 1], [40, 1 / 3], [160, 1 / 12], [320, 1 / 30]]));
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root +
    (2 / 3) * (common + waves(x, [[20, 1], [40, 1 / 3], [150, 1 / 12], [300, 1 / 30]]));
  const sine = Math.sin(radians(latitude));
  const flat = 1 - ECCENTRICITY * sine * sine;
  return {
    latitude: degrees((north * flat * Math.sqrt(flat)) / (AXIS * (1 - ECCENTRICITY))),
    longitude: degrees((east * Math.sqrt(flat)) / (AXIS * Math.cos(radians(latitude)))),
  };
}

/** The sum of sines, each of an amplitude in metres and a frequency in half turns. */
function waves(at: number, parts: readonly (readonly [number, number])[]): number {
  return parts.reduce((sum, [amplitude, frequency]) => sum + amplitude * Math.sin(frequency * at * Math.PI), 0);
}

function radians(angle: number): number {
  return (angle * Math.PI) / 180;
}

function degrees(angle: number): number {
  return (angle * 180) / Math.PI;
}
