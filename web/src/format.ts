// Formats the wire's values for people.

import type { Line, Resolution, Sentiment } from "./wire.ts";

/** Seconds as "8 s", "2 min 05 s", "1 h 02 min". */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return `${hours} h ${pad(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${pad(rest)} s` : `${rest} s`;
}

/** Milliseconds as "45 ms", "1.24 s". */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** How well a caller was heard: the score, and what it comes from. */
export function lineQuality({ mos, lost, concealed, jitter_ms }: Line): string {
  const word = mos >= 4 ? "good" : mos >= 3.4 ? "fair" : "poor";
  return `${mos.toFixed(1)} of 5, ${word} (${percent(lost)} lost, ${percent(concealed)} made up, jitter ${milliseconds(jitter_ms)})`;
}

/** An RFC 3339 instant in the reader's own time and language. */
export function moment(instant: string | null | undefined, locale?: string, timeZone?: string): string {
  const date = instant ? new Date(instant) : null;
  if (!date || Number.isNaN(date.getTime())) return "–";
  return date.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short", ...(timeZone && { timeZone }) });
}

/** An instant as the time of day alone. */
export function clock(instant: string, locale?: string, timeZone?: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleTimeString(locale, { timeStyle: "medium", ...(timeZone && { timeZone }) });
}

/** "lost_book" or "lost-book" as "Lost book". */
export function words(identifier: string): string {
  const text = identifier.replace(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Colour of a sentiment's chip. */
export function sentimentTone(sentiment: Sentiment): string {
  return { positive: "good", neutral: "plain", negative: "bad" }[sentiment] ?? "plain";
}

/** Colour of a resolution's chip. */
export function resolutionTone(resolution: Resolution): string {
  return { resolved: "good", escalated: "notable", incomplete: "plain" }[resolution] ?? "plain";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
