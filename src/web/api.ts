import { type CommandBody, type CommandReply, PIN_HEADER } from '../wire/api/commands.ts';
import { plainSentence } from './words/plain.ts';

/** The site answered, and says no; the message is its sentence. */
export class Refusal extends Error {}

const TIMEOUT_MS = 8_000;

/** Asks the site. Rejects with a `Refusal`, or with any other error if the site does not answer. */
export function ask<T>(path: string): Promise<T> {
  return talk<T>(path, {});
}

/** Tells the site a command, with the PIN if one was given. Rejects as `ask` does. */
export function tell(path: string, body: CommandBody, pin: string): Promise<CommandReply> {
  const headers = { 'content-type': 'application/json', ...(pin === '' ? {} : { [PIN_HEADER]: pin }) };
  return talk(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function talk<T>(path: string, how: RequestInit): Promise<T> {
  const control = new AbortController();
  const late = setTimeout(() => control.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(`/api/v1/${path}`, { ...how, signal: control.signal, credentials: 'omit' });
    const said: unknown = await answer.json();
    if (!answer.ok) throw new Refusal(refusalOf(said));
    return said as T;
  } finally {
    clearTimeout(late);
  }
}

function refusalOf(said: unknown): string {
  const { error } = said as { error?: { message?: string; help?: string } };
  return [error?.message, error?.help].flatMap((text) => (text ? [plainSentence(text)] : [])).join(' ');
}
