/** How a site stands with head office. */
export type LinkView = {
  /** `connecting`: it has just begun. `unreachable`: it tries again and again by itself. */
  readonly state: 'online' | 'connecting' | 'unreachable' | 'needs-code' | 'damaged';
  readonly since: number;
  readonly because?: string;
  readonly sentence: string;
};
