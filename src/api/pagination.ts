/**
 * Pages of a list: `page` and `per_page` in, a Link header out — RFC 8288, with the relations that GitHub sends. Lists that
 * are never counted (history) have no `last`.
 */
import { z } from 'zod';

const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;
/** Beyond this nobody pages by hand; it bounds the offset that a query is given. */
const PAGE_MAX = 1_000_000;

export interface PageRequest {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
  /** Items before the page. */
  readonly offset: number;
}

/** Where the page stands in its list. */
export type PageExtent =
  | { readonly totalCount: number }
  | { readonly hasNext: boolean }
  /** Of a list without numbers: the item that the next page begins behind, where there is one. */
  | { readonly after: string | undefined };

/** The two query parameters of every list. Nonsense counts as absent, as it does at GitHub. */
export const pageQuery = {
  page: z.string().optional().describe('Page number, from 1.'),
  per_page: z.string().optional().describe(`Results per page, at most ${PER_PAGE_MAX}.`),
};

export function parsePageRequest(query: { page?: string | undefined; per_page?: string | undefined }): PageRequest {
  const page = positiveInteger(query.page, 1, PAGE_MAX);
  const perPage = positiveInteger(query.per_page, PER_PAGE_DEFAULT, PER_PAGE_MAX);
  return { page, perPage, offset: (page - 1) * perPage };
}

/** @returns the Link header's value, or undefined when the list has one page */
export function linkHeader(url: string, request: PageRequest, extent: PageExtent): string | undefined {
  if ('after' in extent) return extent.after && `<${withParameter(url, 'after', extent.after)}>; rel="next"`;
  const lastPage = 'totalCount' in extent ? Math.max(1, Math.ceil(extent.totalCount / request.perPage)) : undefined;
  const hasNext = 'hasNext' in extent ? extent.hasNext : request.page < (lastPage ?? 1);
  const links: string[] = [];
  const add = (rel: string, page: number) => links.push(`<${withParameter(url, 'page', String(page))}>; rel="${rel}"`);
  if (request.page > 1) add('prev', lastPage === undefined ? request.page - 1 : Math.min(request.page - 1, lastPage));
  if (hasNext) add('next', request.page + 1);
  if (hasNext && lastPage !== undefined) add('last', lastPage);
  if (request.page > 1) add('first', 1);
  return links.length > 0 ? links.join(', ') : undefined;
}

/** One page of a list that is in memory whole. */
export function pageOf<Item>(items: readonly Item[], request: PageRequest): Item[] {
  return items.slice(request.offset, request.offset + request.perPage);
}

function withParameter(url: string, name: string, value: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set(name, value);
  return `${path}?${parameters}`;
}

function positiveInteger(text: string | undefined, fallback: number, max: number): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return fallback;
  const value = Number(text);
  return value < 1 ? fallback : Math.min(value, max);
}
