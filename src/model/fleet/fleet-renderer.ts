import type { Result } from '../../kernel/result.ts';

/** Renders a fleet directory again, out of the way of whoever answers sites. */
export interface FleetRenderer {
  /** `sources` is the archive of the directory. Fails with what is wrong, in words. */
  open(sources: string): Promise<Result<FleetRendering, string>>;
}
export interface FleetRendering {
  /** Of each site of the fleet, whether it is rendered or not. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The content of the revision of a site, in canonical JSON; one site after the other. */
  render(site: string): Promise<Result<string, string>>;
  close(): Promise<void>;
}
