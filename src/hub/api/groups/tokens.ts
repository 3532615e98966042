import { z } from 'zod';
import { AppError } from '../../../kernel/errors.ts';
import type { Random } from '../../../kernel/ports.ts';
import type { AdminToken } from '../../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../../model/fleet/hub-store.ts';
import type { NewTokenReply, TokenList, TokenView } from '../../../wire/api/tokens.ts';
import { type AdminRoute, acts, shows } from '../contract.ts';
import { ROLES } from '../policy/roles.ts';
import { mintToken } from '../token.ts';

const MOST_TOKENS = 1_000;
const newToken = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a name has small letters, digits, dots, dashes, at most 63'),
  role: z.enum(ROLES),
  expiresInMs: z
    .int()
    .min(60_000)
    .max(10 * 366 * 86_400_000)
    .optional(),
});
const one = z.object({ id: z.string().min(1) });

/** Tokens of the admin API: made, listed, withdrawn. */
export function tokenRoutes({ random, now }: { readonly random: Random; readonly now: () => number }): AdminRoute[] {
  return [
    shows({
      id: 'listTokens',
      path: 'tokens',
      role: 'admin',
      summary: 'The tokens of the admin API, never what is secret of them.',
      reply: 'TokenList',
      show: async (tx): Promise<TokenList> => ({ tokens: (await all(tx)).map((row) => viewOf(row, now())) }),
    }),
    acts({
      id: 'newToken',
      path: 'tokens',
      role: 'admin',
      summary: 'Makes a token; it is shown this once.',
      reply: 'NewTokenReply',
      body: newToken,
      act: async (tx, { body }, at) => {
        await assertFree(tx, body.name, at);
        const { id, token, digest } = mintToken(random);
        const expires = body.expiresInMs === undefined ? {} : { expiresAt: at + body.expiresInMs };
        await tx.put('tokens', id, {
          ...{ id, name: body.name, role: body.role, secretDigest: digest, createdAt: at },
          ...expires,
        });
        const reply: NewTokenReply = { id, token, ...expires };
        return {
          reply,
          audit: { action: 'token.new', subject: body.name, detail: { id, role: body.role, ...expires } },
        };
      },
    }),
    acts({
      id: 'withdrawToken',
      path: 'tokens/:id/withdraw',
      role: 'admin',
      summary: 'Withdraws a token, by its id or its name: from now on it is refused.',
      reply: '{ sentence }',
      params: one,
      act: async (tx, { params }, at) => {
        const row = (await all(tx)).find((token) => isNamed(token, params.id) && stateOf(token, at) !== 'withdrawn');
        if (!row)
          throw new AppError('not-found', `there is no token ${JSON.stringify(params.id)} that could be withdrawn`);
        await tx.put('tokens', row.id, { ...row, withdrawnAt: at });
        return {
          reply: { sentence: `The token ${row.name} is withdrawn.` },
          audit: { action: 'token.withdraw', subject: row.name, detail: { id: row.id } },
        };
      },
    }),
  ];
}

/** A name says in the audit who did something: two at once would say nothing. */
async function assertFree(tx: HubTx, name: string, now: number): Promise<void> {
  const rows = await all(tx);
  if (rows.some((row) => row.name === name && stateOf(row, now) === 'valid'))
    throw new AppError('command-refused', `there is a token ${name} already; withdraw it first, or take another name`);
  if (name === 'terminal')
    throw new AppError('usage-invalid', 'terminal is what the audit calls the terminal of the hub');
  if (rows.length >= MOST_TOKENS) throw new AppError('command-refused', `there are ${MOST_TOKENS} tokens already`);
}

async function all(tx: HubTx): Promise<readonly AdminToken[]> {
  return (await tx.list('tokens')).map(({ row }) => row).sort((a, b) => a.createdAt - b.createdAt);
}

function isNamed(row: AdminToken, name: string): boolean {
  return row.id === name || row.name === name;
}

function viewOf({ secretDigest: _kept, ...row }: AdminToken, now: number): TokenView {
  return { ...row, state: stateOf(row, now) };
}

function stateOf({ withdrawnAt, expiresAt }: Omit<AdminToken, 'secretDigest'>, now: number): TokenView['state'] {
  if (withdrawnAt !== undefined) return 'withdrawn';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'valid';
}
