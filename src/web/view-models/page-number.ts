/** Numbered pages of short lists. Histories and refs, which are long, page by cursor instead. */

export const LIST_PAGE_SIZE = 30;
export const REF_PAGE_SIZE = 50;
/** Beyond it no list of ours goes, and the database would count rows for nothing. */
const PAGE_MAX = 10_000;

/** @returns the page that `?page=` asks for, 1 when that is no number */
export function pageNumber(query: URLSearchParams): number {
  const text = query.get('page') ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Math.max(Number(text), 1), PAGE_MAX) : 1;
}

export interface Neighbours {
  readonly previousHref: string | undefined;
  readonly nextHref: string | undefined;
}

export function neighbours(url: URL, page: number, totalCount: number, pageSize = LIST_PAGE_SIZE): Neighbours {
  const hrefOf = (number: number) => {
    const query = new URLSearchParams(url.search);
    query.set('page', String(number));
    return `?${query}`;
  };
  return {
    previousHref: page > 1 ? hrefOf(page - 1) : undefined,
    nextHref: page * pageSize < totalCount ? hrefOf(page + 1) : undefined,
  };
}
