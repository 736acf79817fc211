/** Wide code and tables in documents can be scrolled by the keyboard: browsers differ in whether they see to that themselves. */
export function reachScrollers(): void {
  for (const element of document.querySelectorAll<HTMLElement>('.prose :is(pre, table)')) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  }
}
