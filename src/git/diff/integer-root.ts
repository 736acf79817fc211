/** A power of two near the square root, which git scales the bounds of its diff by. At least 1. */
export function approximateRoot(value: number): number {
  let root = 1;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 4)) root *= 2;
  return root;
}
