/** Numbers with their units, as a page shows them. */
const COUNT = new Intl.NumberFormat('en');
const SIZE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** `1 branch`, `20,000 branches`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** `812 bytes`, `4.1 KiB`, `314 MiB`. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return countOf(sizeBytes, 'byte');
  let size = sizeBytes / 1024;
  let unit = 0;
  while (size >= 1023.5 && unit < SIZE_UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${SIZE_UNITS[unit]}`;
}
