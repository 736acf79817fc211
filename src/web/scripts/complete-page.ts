/**
 * Some parts of a page take longer than a page should: the last changes of a large folder, the colours of a large file. The
 * page comes with `data-incomplete` where something is missing; this asks for the page again and fills the gaps, so that
 * nothing moves.
 */
const REQUESTS_MAX = 30;
const PAUSE_MS = 200;

export async function completePage(): Promise<void> {
  for (let count = 0; count < REQUESTS_MAX; count++) {
    const part = document.querySelector<HTMLElement>('[data-incomplete]');
    if (part === null) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const response = await fetch(location.pathname + location.search).catch(() => undefined);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const isSame = part instanceof HTMLTableElement ? completeRows(part, page) : completeLines(part, page);
    // A push came between: this is another commit.
    if (!isSame) return;
  }
}

function completeRows(table: HTMLTableElement, page: Document): boolean {
  const fresh = page.querySelector<HTMLTableElement>('table.tree');
  if (fresh?.rows.length !== table.rows.length) return false;
  for (const [index, row] of [...table.rows].entries()) {
    const from = fresh.rows[index];
    if (row.cells[0]?.textContent !== from?.cells[0]?.textContent) continue;
    for (const [column, cell] of [...row.cells].entries()) {
      const other = from?.cells[column];
      if (cell.childNodes.length === 0 && other) cell.replaceChildren(...other.childNodes);
    }
  }
  table.toggleAttribute('data-incomplete', fresh.hasAttribute('data-incomplete'));
  return true;
}

function completeLines(table: HTMLElement, page: Document): boolean {
  const fresh = page.querySelector<HTMLElement>('.code-table');
  const [lines, others] = [table, fresh].map((element) => [...(element?.querySelectorAll('.line > code') ?? [])]);
  if (fresh === null || lines?.length !== others?.length) return false;
  if (fresh.hasAttribute('data-incomplete')) return true;
  for (const [index, line] of lines?.entries() ?? []) {
    const other = others?.[index];
    if (other && other.textContent === line.textContent) line.replaceChildren(...other.childNodes);
  }
  table.removeAttribute('data-incomplete');
  return true;
}
