import { expect } from 'vitest';
import type { Sequence, Step } from './pull-sequences.ts';
import { type RawAnswer, RawClient, type RawRequest } from './raw-http.ts';
import { sha256 } from './registry-world.ts';

/** A thing that the placeholders of steps stand for. */
export type Named = { readonly digest: string; readonly sizeBytes: number };

/** Milliseconds after which even the most patient of the clients that we replay has gone elsewhere. */
const PATIENCE_MS = 25_000;

/** Plays what a client asks, over sockets of its own, and looks at each answer as the client would. */
export async function replay(port: number, { repository, steps }: Sequence, things: Readonly<Record<string, Named>>) {
  const clients = [new RawClient(port)];
  const play = (step: Step, client: RawClient) => playStep(client, step, repository, things);
  try {
    for (const group of groupsOf(steps)) {
      while (clients.length < group.length) clients.push(new RawClient(port));
      await Promise.all(group.map((step, i) => play(step, clients[i] as RawClient)));
    }
  } finally {
    for (const client of clients) client.close();
  }
}

/** Steps that go out at the same time. */
function groupsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.beside && last) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

async function playStep(
  client: RawClient,
  step: Step,
  repository: string,
  things: Readonly<Record<string, Named>>,
): Promise<void> {
  const request = requestOf(step, repository, things);
  const thing = Object.values(things).find(({ digest }) => request.path.includes(digest));
  const answer = await client.ask(request);
  expect([step.asks, answer.status]).toEqual([step.asks, step.status ?? 200]);
  expect(answer.headMs).toBeLessThan(PATIENCE_MS);
  // Whoever reads to the end must be able to know where it is.
  expect(answer.headers).not.toHaveProperty('transfer-encoding');
  expect(answer.headers).not.toHaveProperty('content-encoding');
  const gives = Object.entries(step.gives ?? {}).map(([name, value]) => [name, filled(value, things)]);
  expect(answer.headers).toMatchObject(Object.fromEntries(gives.filter(([, value]) => value !== '{size}')));
  if (!thing) return;
  if ('content-length' in (step.gives ?? {})) expect(answer.headers['content-length']).toBe(String(thing.sizeBytes));
  if (step.cutAt !== undefined) await resume(client, request, answer, thing);
  else if (answer.isWhole && answer.status === 200 && request.method === 'GET' && !isList(step))
    expect(sha256(answer.body)).toBe(thing.digest);
}

async function resume(client: RawClient, request: RawRequest, first: RawAnswer, thing: Named): Promise<void> {
  const from = first.body.length;
  expect([first.isWhole, from < thing.sizeBytes]).toEqual([false, true]);
  const headers = [...(request.headers ?? []), ['Range', `bytes=${from}-`] as const];
  const rest = await client.ask({ path: request.path, headers });
  const contentRange = `bytes ${from}-${thing.sizeBytes - 1}/${thing.sizeBytes}`;
  expect([rest.status, rest.headers['content-range']]).toEqual([206, contentRange]);
  expect(sha256(Buffer.concat([first.body, rest.body]))).toBe(thing.digest);
}

function requestOf(step: Step, repository: string, things: Readonly<Record<string, Named>>): RawRequest {
  const [method = 'GET', rest = ''] = filled(step.asks, things).split(' ');
  const stopAt = step.cutAt ?? step.stopAt;
  return {
    method,
    path: rest.startsWith('/') ? rest : `/v2/${repository}/${rest}`,
    ...(step.headers && { headers: step.headers }),
    ...(stopAt !== undefined && { stopAt }),
  };
}

function filled(text: string, things: Readonly<Record<string, Named>>): string {
  const hex = things['index']?.digest.slice('sha256:'.length) ?? '';
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    name === 'hex' ? hex : (things[name]?.digest ?? whole),
  );
}

function isList({ asks }: Step): boolean {
  return asks.includes('referrers/');
}
