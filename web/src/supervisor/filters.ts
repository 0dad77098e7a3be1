// Which calls are listed. Filters live in the page's address, so that a list can
// be shared, and become the query of `GET /v1/calls`.

/** Empty strings: no restriction. Dates are days of the reader's calendar, YYYY-MM-DD. */
export interface Filters {
  from: string;
  to: string;
  topic: string;
  sentiment: string;
  resolution: string;
  authenticated: string;
}

export const FILTER_NAMES = ["from", "to", "topic", "sentiment", "resolution", "authenticated"] as const;

const ALLOWED: Partial<Record<keyof Filters, RegExp>> = {
  from: /^\d{4}-\d{2}-\d{2}$/,
  to: /^\d{4}-\d{2}-\d{2}$/,
  sentiment: /^(positive|neutral|negative)$/,
  resolution: /^(resolved|escalated|incomplete)$/,
  authenticated: /^(true|false)$/,
};

/** Reads an address's query and ignores invalid values. */
export function fromQuery(query: string): Filters {
  const given = new URLSearchParams(query);
  const read = (name: keyof Filters): string => {
    const value = given.get(name) ?? "";
    return ALLOWED[name]?.test(value) === false ? "" : value;
  };
  return Object.fromEntries(FILTER_NAMES.map((name) => [name, read(name)])) as unknown as Filters;
}

/** The filters as an address's query, "" when there are none. */
export function toQuery(filters: Filters): string {
  const query = new URLSearchParams();
  for (const name of FILTER_NAMES) if (filters[name]) query.set(name, filters[name]);
  return query.size > 0 ? `?${query}` : "";
}

/**
 * The query for the worker. Days become instants (RFC 3339) in the reader's time zone: `from` the
 * day's first moment, `to` the first moment after the last day.
 */
export function apiQuery(filters: Filters, limit: number, cursor: string | null): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const name of FILTER_NAMES) if (filters[name]) query.set(name, filters[name]);
  if (filters.from) query.set("from", startOfDay(filters.from, 0));
  if (filters.to) query.set("to", startOfDay(filters.to, 1));
  if (cursor) query.set("cursor", cursor);
  return query;
}

/** How many filters restrict the list. */
export function restrictions(filters: Filters): number {
  return FILTER_NAMES.filter((name) => filters[name] !== "").length;
}

function startOfDay(day: string, later: number): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
