/** What script adds to pages that work without it. One listener for each kind of event, on the document. */
import { completePage } from './complete-page.ts';
import { chooseLines, showChosenLines } from './line-range.ts';
import { reachScrollers } from './reach-scrollers.ts';

const COPIED_SHOWN_MS = 1_500;

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : undefined;
  const copyButton = target?.closest<HTMLElement>('[data-copy]');
  if (copyButton) void copy(copyButton);
  const lineNumber = target?.closest<HTMLAnchorElement>('.line-number');
  if (lineNumber && event.shiftKey) chooseLines(event, lineNumber);
  closeMenus(target);
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') closeMenus();
  if (isTyping(event)) return;
  if (event.key === 'y') followLink('[data-permalink]');
});

window.addEventListener('hashchange', showChosenLines);
showChosenLines();
window.addEventListener('resize', reachScrollers);
reachScrollers();
void completePage();

async function copy(button: HTMLElement): Promise<void> {
  await navigator.clipboard.writeText(button.dataset['copy'] ?? '');
  button.dataset['copied'] = '';
  setTimeout(() => delete button.dataset['copied'], COPIED_SHOWN_MS);
}

/** Closes every open menu but the one that `inside` lies in. */
function closeMenus(inside?: Element): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]')) {
    if (inside === undefined || !menu.contains(inside)) menu.open = false;
  }
}

function isTyping(event: KeyboardEvent): boolean {
  const inField = event.target instanceof Element && event.target.closest('input, textarea, select') !== null;
  return inField || event.ctrlKey || event.metaKey || event.altKey;
}

/** The fragment goes along, so that a permalink keeps the lines. */
function followLink(selector: string): void {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  if (link !== null) location.href = link.href + location.hash;
}
