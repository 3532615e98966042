/** How long a test waits for what another process, a disk or a wire brings: for a machine that does ten things at once. */
export const WITHIN = { timeout: 20_000, interval: 50 } as const;
