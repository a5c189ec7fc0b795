/** Figures in a report, written for the reader: money from minor units, seconds as spans, shares as percent. */
import type { Unit } from "../api/types";

export type Look = { language: string; currency?: string; short?: boolean };

const locale = (language: string): string => (language.startsWith("zh") ? "zh-CN" : "en-GB");

export function figure(value: number | null, unit: Unit | "" | "text", look: Look): string {
  if (value === null || Number.isNaN(value)) return "–";
  switch (unit) {
    case "money":
      return money(value, look);
    case "stars":
      return value.toFixed(1);
    case "seconds":
      return seconds(value, look.language);
    case "percent":
      return `${plain(value, look, 1)}%`;
    default:
      return plain(value, look, 2);
  }
}

/** A sum with all its decimals, from minor units. */
export function exactly(minor: number, currency: string, language: string): string {
  const { options, value } = ofCurrency(minor, currency);
  return new Intl.NumberFormat(locale(language), options).format(value);
}

function ofCurrency(minor: number, currency: string): { options: Intl.NumberFormatOptions; value: number } {
  const options: Intl.NumberFormatOptions = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  const digits = new Intl.NumberFormat("en", options).resolvedOptions().maximumFractionDigits ?? 2;
  return { options, value: minor / 10 ** digits };
}

function money(minor: number, look: Look): string {
  const { options, value } = ofCurrency(minor, look.currency ?? "CNY");
  const whole = Math.abs(value) >= 1000 || look.short === true;
  const compact: Intl.NumberFormatOptions = look.short && Math.abs(value) >= 10_000 ? { notation: "compact" } : {};
  const limits = compact.notation ? { maximumFractionDigits: 1 } : whole ? { maximumFractionDigits: 0 } : {};
  return new Intl.NumberFormat(locale(look.language), { ...options, ...compact, ...limits }).format(value);
}

function plain(value: number, look: Look, digits: number): string {
  const compact = look.short === true && Math.abs(value) >= 10_000;
  const options: Intl.NumberFormatOptions = compact ? { notation: "compact" } : { maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(look.language), options).format(value);
}

function seconds(value: number, language: string): string {
  const chinese = language.startsWith("zh");
  if (value < 90) return chinese ? `${Math.round(value)} 秒` : `${Math.round(value)} s`;
  if (value < 5400) return chinese ? `${Math.round(value / 60)} 分钟` : `${Math.round(value / 60)} min`;
  const hours = (value / 3600).toFixed(1);
  return chinese ? `${hours} 小时` : `${hours} h`;
}

/** "1.2 MB". */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${Math.round(size / 1024)} kB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}
