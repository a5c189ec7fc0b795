/** One colour and one short mark for each channel, the same in every list, page and chart. */

export type Mark = { mark: string; color: string; en: string; zh: string };

// Chosen to stay apart for people who see red and green alike: they differ in lightness, too.
const MARKS: Record<string, Mark> = {
  webchat: { mark: "W", color: "#2f6f4f", en: "Web chat", zh: "网页聊天" },
  telegram: { mark: "TG", color: "#3390d6", en: "Telegram", zh: "Telegram" },
  wechat: { mark: "WX", color: "#7fae2a", en: "WeChat", zh: "微信" },
  wecom: { mark: "WW", color: "#1d4e89", en: "WeCom", zh: "企业微信" },
  qq: { mark: "QQ", color: "#d9902f", en: "QQ", zh: "QQ" },
  weibo: { mark: "WB", color: "#c8502e", en: "Weibo", zh: "微博" },
  messenger: { mark: "M", color: "#8457d1", en: "Messenger", zh: "Messenger" },
  instagram: { mark: "IG", color: "#bf4a8a", en: "Instagram", zh: "Instagram" },
  whatsapp: { mark: "WA", color: "#1f9a86", en: "WhatsApp", zh: "WhatsApp" },
  line: { mark: "LI", color: "#5b8c1e", en: "LINE", zh: "LINE" },
  x: { mark: "X", color: "#3c4043", en: "X", zh: "X" },
  email: { mark: "@", color: "#8a6d3b", en: "E-mail", zh: "电子邮件" },
  terminal: { mark: ">_", color: "#5f6b66", en: "Terminal", zh: "终端" },
};

export function markOf(channel: string): Mark {
  const known = MARKS[channel.toLowerCase()];
  return known ?? { mark: channel.slice(0, 2).toUpperCase(), color: "#6b736f", en: channel, zh: channel };
}

export function channelName(channel: string, language: string): string {
  const mark = markOf(channel);
  return language.startsWith("zh") ? mark.zh : mark.en;
}

/** The colour of a chart's label when it names a channel, by its key or its name in either language. */
export function channelColor(label: string): string | null {
  const wanted = label.trim().toLowerCase();
  for (const [key, mark] of Object.entries(MARKS)) {
    if (wanted === key || wanted === mark.en.toLowerCase() || wanted === mark.zh) return mark.color;
  }
  return null;
}

const FACES = ["#5e7b6b", "#797094", "#8d6e5c", "#5d7790", "#8d6b7b", "#6d7a51", "#71757d", "#8c7045"];

/** A calm colour for a person's initial, always the same for the same name. */
export function faceColor(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return FACES[sum % FACES.length] ?? "#71757d";
}

/** One Chinese character, or one or two Latin initials. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  if (/[^\u0000-\u024f]/.test(first) || words.length < 2) return first.toUpperCase();
  return (first + ([...(words.at(-1) ?? "")][0] ?? "")).toUpperCase();
}
