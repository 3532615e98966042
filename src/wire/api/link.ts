/** How a site stands with head office. */
export type LinkView = {
  /** `connecting`: it has just begun. `unreachable`: it tries again and again by itself. */
  readonly state: 'online' | 'connecting' | 'unreachable' | 'needs-code' | 'damaged';
  readonly since: number;
  readonly because?: string;
  readonly sentence: string;
  /** How far head office has what happened here. */
  readonly events?: OutboxView;
};

/** Events up to `ackedThrough` are on head office's disk, `waiting` are not, the oldest of them since `oldestAt`. */
export type OutboxView = { readonly ackedThrough: number; readonly waiting: number; readonly oldestAt?: number };
