/** `#L10-L20` in a file: shown when the page opens, made by a click on one number and a shift-click on another. */
const RANGE = /^#L(\d+)(?:C\d+)?(?:-L(\d+)(?:C\d+)?)?$/;
/** A longer range is not marked line by line; nobody reads so much at once. */
const RANGE_MAX = 5_000;

export function showChosenLines(): void {
  for (const line of document.querySelectorAll('.line[data-chosen]')) line.removeAttribute('data-chosen');
  const match = RANGE.exec(location.hash);
  if (match === null) return;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])].sort((a, b) => a - b) as [number, number];
  for (let number = first; number <= Math.min(last, first + RANGE_MAX); number++) {
    document.getElementById(`L${number}`)?.setAttribute('data-chosen', '');
  }
  // A single line is the browser's own target; it has scrolled there already.
  if (match[2] !== undefined) document.getElementById(`L${first}`)?.scrollIntoView({ block: 'center' });
}

export function chooseLines(event: Event, lineNumber: HTMLElement): void {
  const start = RANGE.exec(location.hash)?.[1];
  const end = lineNumber.dataset['n'];
  if (start === undefined || end === undefined) return;
  event.preventDefault();
  const [first, last] = [Number(start), Number(end)].sort((a, b) => a - b);
  history.replaceState(null, '', first === last ? `#L${first}` : `#L${first}-L${last}`);
  showChosenLines();
}
