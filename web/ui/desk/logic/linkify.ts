/** A text cut into plain parts, web addresses and points on the map; nothing of it is ever markup. */

import { fromChina } from "./datum";

export type Part = { text: string; href: string };

const ADDRESS = /https?:\/\/[^\s<>"'（）。，；！？、》】」]+/g;
/** Degrees as the server writes a place: behind its sign, and its name where it has one; and whose map they are of. */
const POINT = /(?<=📍 (?:[^\n]{0,600}, )?)(-?\d{1,2}\.\d{6}), (-?\d{1,3}\.\d{6})( GCJ-02)?/g;

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const link of links(text)) {
    if (link.at < from) continue; // degrees within an address
    if (link.at > from) found.push({ text: text.slice(from, link.at), href: "" });
    found.push({ text: link.text, href: link.href });
    from = link.at + link.text.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), href: "" });
  return found;
}

function links(text: string): (Part & { at: number })[] {
  const addresses = [...text.matchAll(ADDRESS)].map((match) => {
    // A full stop or a bracket at the end belongs to the sentence.
    const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
    return { at: match.index, text: address, href: address };
  });
  const points = [...text.matchAll(POINT)].map((match) => {
    const [whole, latitude = "", longitude = "", ofChina] = match;
    return { at: match.index, text: whole, href: ofChina ? mapFrom(latitude, longitude) : mapOf(latitude, longitude) };
  });
  return [...addresses, ...points].sort((a, b) => a.at - b.at);
}

/** https://wiki.openstreetmap.org/wiki/Browsing#Sharing_a_link_to_the_map */
function mapOf(latitude: string, longitude: string): string {
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
}

/** The map of the link is none of China's: what a customer picked on one of those is put where it is. */
function mapFrom(latitude: string, longitude: string): string {
  const found = fromChina({ latitude: Number(latitude), longitude: Number(longitude) });
  return mapOf(found.latitude.toFixed(6), found.longitude.toFixed(6));
}
