/** A report's chart as the drawing library wants it: zero-based bars, direct labels where there are few, one colour for one thing. */
import type { Chart } from "../api/types";
import { channelColor } from "./channels";
import { figure, type Look } from "./numbers";

export type Ink = { text: string; quiet: string; line: string; accent: string; muted: string; font: string };

/** After Okabe and Ito: told apart by people who do not see red or green. */
const PALETTE = ["#d9902f", "#3a72b0", "#c8502e", "#8457d1", "#7fae2a", "#6b736f"];
const MOST_LABELS = 14;

type Style = Record<string, unknown>;
export type Option = Record<string, unknown>;

export function option(chart: Chart, look: Look, ink: Ink): Option {
  const lying = chart.kind === "hbar";
  const labelled = chart.series.length === 1 && chart.x.length <= MOST_LABELS;
  const category = categoryAxis(chart, ink);
  const value = valueAxis(chart, look, ink, labelled);
  return {
    animationDuration: 300,
    textStyle: { fontFamily: ink.font, fontSize: 12, color: ink.text },
    grid: grid(chart, lying, labelled),
    legend: chart.series.length > 1 ? legend(ink) : { show: false },
    tooltip: tooltip(chart, look, ink),
    xAxis: lying ? value : category,
    yAxis: lying ? { ...category, inverse: true } : value,
    series: chart.series.map((_, at) => oneSeries(chart, at, look, ink, labelled)),
  };
}

function grid(chart: Chart, lying: boolean, labelled: boolean): Style {
  const top = chart.series.length > 1 ? 36 : lying ? 4 : 20;
  return { left: 4, right: lying && labelled ? 64 : 16, top, bottom: 4, containLabel: true };
}

/** The colour of a series: a channel keeps its own; of two, the second is the quiet one (the period before). */
export function colorOf(chart: Chart, at: number, ink: Ink): string {
  const name = chart.series[at]?.name ?? "";
  const own = channelColor(name);
  if (own) return own;
  if (at === 0) return ink.accent;
  if (chart.series.length === 2) return ink.muted;
  return PALETTE[(at - 1) % PALETTE.length] ?? ink.muted;
}

function oneSeries(chart: Chart, at: number, look: Look, ink: Ink, labelled: boolean): Style {
  const color = colorOf(chart, at, ink);
  const series = chart.series[at];
  const common = { name: series?.name ?? "", itemStyle: { color } };
  if (chart.kind === "line") return { ...common, ...lineStyle(chart, at, color), data: series?.values ?? [] };
  const lying = chart.kind === "hbar";
  return {
    ...common,
    type: "bar",
    barMaxWidth: lying ? 20 : 40,
    barCategoryGap: "32%",
    itemStyle: { color, borderRadius: lying ? [0, 4, 4, 0] : [4, 4, 0, 0] },
    label: { ...label(chart, look, ink), show: labelled, position: lying ? "right" : "top" },
    data: (series?.values ?? []).map((value, index) => bar(chart, value, index)),
  };
}

/** One series over channels: each bar has its channel's colour. */
function bar(chart: Chart, value: number, index: number): Style {
  const own = chart.series.length === 1 ? channelColor(chart.x[index] ?? "") : null;
  return own ? { value, itemStyle: { color: own } } : { value };
}

function lineStyle(chart: Chart, at: number, color: string): Style {
  const before = at === 1 && chart.series.length === 2;
  return {
    type: "line",
    symbolSize: 6,
    showSymbol: chart.x.length <= MOST_LABELS,
    lineStyle: { width: 2, color, type: before ? "dashed" : "solid" },
    ...(at === 0 && chart.series.length <= 2 ? { areaStyle: { color, opacity: 0.08 } } : {}),
  };
}

function label(chart: Chart, look: Look, ink: Ink): Style {
  return {
    color: ink.quiet,
    fontSize: 11,
    formatter: ({ value }: { value: number }) => figure(value, chart.unit, { ...lookOf(chart, look), short: true }),
  };
}

const lookOf = (chart: Chart, look: Look): Look => (chart.currency ? { ...look, currency: chart.currency } : look);

/** Names beside bars are whole, on two lines where they must; below columns a width would hide the neighbours. */
const NAMES = { width: 140, lineHeight: 14, overflow: "break" };
const isLong = (name: string): boolean => name.replace(/[^\x00-\u02ff]/g, "xx").length > 20;

function categoryAxis(chart: Chart, ink: Ink): Style {
  return {
    type: "category",
    data: chart.x,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: ink.line } },
    axisLabel: { color: ink.quiet, hideOverlap: true, ...(chart.kind === "hbar" && chart.x.some(isLong) ? NAMES : {}) },
  };
}

function valueAxis(chart: Chart, look: Look, ink: Ink, labelled: boolean): Style {
  const hidden = labelled && chart.kind !== "line";
  return {
    type: "value",
    min: chart.unit === "stars" && chart.kind === "line" ? 1 : 0,
    ...(chart.unit === "stars" ? { max: 5 } : {}),
    splitNumber: 3,
    splitLine: { show: !hidden, lineStyle: { color: ink.line } },
    axisLabel: {
      show: !hidden,
      color: ink.quiet,
      formatter: (value: number) => figure(value, chart.unit, { ...lookOf(chart, look), short: true }),
    },
  };
}

function legend(ink: Ink): Style {
  return { show: true, top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: ink.quiet } };
}

/** Drawn on the canvas: no markup is put into the page. */
function tooltip(chart: Chart, look: Look, ink: Ink): Style {
  return {
    trigger: "axis",
    renderMode: "richText",
    axisPointer: { type: chart.kind === "line" ? "line" : "shadow" },
    borderColor: ink.line,
    textStyle: { fontFamily: ink.font, fontSize: 12 },
    valueFormatter: (value: number) => figure(value, chart.unit, lookOf(chart, look)),
  };
}
