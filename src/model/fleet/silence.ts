/** How long a site may say nothing until it counts as silent: three of its longest waits. */
export function silentAfterMs({ pollMaxMs }: { readonly pollMaxMs: number }): number {
  return 3 * pollMaxMs;
}
