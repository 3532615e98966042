import { type KnownOption, parseOptions } from '../codec/options.ts';
import type { TftpOption } from '../codec/packet.ts';

/** What this server is ready to do. */
export type TransferLimits = {
  /**
   * The largest block in bytes. 1468 fills an Ethernet frame: 1500 less 20 (IP), 8 (UDP) and 4 (TFTP). Larger ones
   * travel as IP fragments, of which one lost loses the block, and which small boot ROMs cannot put together.
   */
  readonly maxBlockBytes: number;
  /** The most blocks sent without an answer. */
  readonly maxWindow: number;
};

export const DEFAULT_LIMITS: TransferLimits = { maxBlockBytes: 1468, maxWindow: 64 };

/** The terms of a transfer. `oack` is empty if no option that we know was asked: then the first answer is block 1. */
export type Terms = {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly window: number;
  /** The longest wait for an answer, if the client said so. */
  readonly timeoutMs: number | undefined;
  readonly oack: readonly TftpOption[];
};

const PLAIN_BLOCK_BYTES = 512;

/** Answers the options of a request: only those that were asked, and never with more than was asked. */
export function negotiate(asked: readonly TftpOption[], sizeBytes: number, limits: TransferLimits): Terms {
  const granted = parseOptions(asked).map((option) => ({ ...option, value: grant(option, sizeBytes, limits) }));
  const grantedOf = (name: KnownOption['name']) => granted.find((option) => option.name === name)?.value;
  const timeoutSeconds = grantedOf('timeout');
  return {
    sizeBytes,
    blockBytes: grantedOf('blksize') ?? PLAIN_BLOCK_BYTES,
    window: grantedOf('windowsize') ?? 1,
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    // The name as it was asked: there are clients that compare it letter by letter.
    oack: granted.map(({ asked: name, value }) => ({ name, value: String(value) })),
  };
}

function grant({ name, value }: KnownOption, sizeBytes: number, limits: TransferLimits): number {
  switch (name) {
    case 'blksize':
      return Math.min(value, limits.maxBlockBytes);
    case 'windowsize':
      return Math.min(value, limits.maxWindow);
    case 'tsize':
      return sizeBytes;
    case 'timeout':
      // RFC 2349: the same value or no answer at all.
      return value;
    default:
      return name satisfies never;
  }
}
