/**
 * The last changes of a large folder are found over several requests. The page shows those of the first; this asks for the
 * rest and fills the empty cells, so that nothing moves.
 */
const REQUESTS_MAX = 30;
const PAUSE_MS = 100;

export async function completeListing(): Promise<void> {
  const table = document.querySelector<HTMLTableElement>('table[data-incomplete]');
  for (let count = 0; table && count < REQUESTS_MAX; count++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const response = await fetch(location.pathname).catch(() => undefined);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = page.querySelector<HTMLTableElement>('table.tree');
    // A push came between: these are the rows of another commit.
    if (fresh?.rows.length !== table.rows.length) return;
    fillCells(table, fresh);
    if (!fresh.hasAttribute('data-incomplete')) return;
  }
}

function fillCells(table: HTMLTableElement, fresh: HTMLTableElement): void {
  for (const [index, row] of [...table.rows].entries()) {
    const from = fresh.rows[index];
    if (row.cells[0]?.textContent !== from?.cells[0]?.textContent) continue;
    for (const [column, cell] of [...row.cells].entries()) {
      const other = from?.cells[column];
      if (cell.childNodes.length === 0 && other) cell.replaceChildren(...other.childNodes);
    }
  }
}
