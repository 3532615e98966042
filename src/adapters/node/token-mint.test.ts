import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MacAddress, macFromBytes } from '../../kernel/mac.ts';
import type { TokenGrant } from '../../model/site-ports.ts';
import { createTokenMint, openTokenMint } from './token-mint.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
const mint = createTokenMint(new Uint8Array(32).fill(7));
const grant: TokenGrant = { use: 'report', mac: '52:54:00:12:34:56' as MacAddress, issuedAt: 1_800_000_000_000 };

const anyGrant: fc.Arbitrary<TokenGrant> = fc.record({
  use: fc.constantFrom('report' as const, 'read' as const),
  mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macFromBytes(bytes) as MacAddress),
  issuedAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
});

describe('tokens', () => {
  it('carry what they grant', () => {
    fc.assert(
      fc.property(anyGrant, (given) => {
        const token = mint.mint(given);
        expect(token).toMatch(/^[A-Za-z0-9_-]{44}$/);
        expect(mint.verify(token)).toEqual(given);
      }),
      { seed },
    );
  });

  it('are refused when a single bit is changed', () => {
    const bytes = Buffer.from(mint.mint(grant), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(mint.verify(changed.toString('base64url'))).toBeUndefined();
    }
  });

  it('are refused when they are not ours or no tokens', () => {
    const other = createTokenMint(new Uint8Array(32).fill(8));
    expect(other.verify(mint.mint(grant))).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9_-]{44}$/)), (text) => {
        expect(mint.verify(text)).toBeUndefined();
      }),
      { seed },
    );
    expect(mint.verify(`${mint.mint(grant)}\n`)).toBeUndefined();
  });
});

describe('the key', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'slipway-mint-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('is made once and stays, for its owner alone', async () => {
    const first = await openTokenMint(dir);
    const second = await openTokenMint(dir);
    expect(second.verify(first.mint(grant))).toEqual(grant);
    const { mode, size } = statSync(join(dir, 'token.key'));
    expect([mode & 0o777, size]).toEqual([0o600, 32]);
  });

  it('is never replaced when it is damaged', async () => {
    writeFileSync(join(dir, 'token.key'), 'short');
    await expect(openTokenMint(dir)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(statSync(join(dir, 'token.key')).size).toBe(5);
  });
});
