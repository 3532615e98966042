import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eachLine, tied, toolEnvironment } from '../../../src/lab/command.ts';
import type { Host } from '../../../src/lab/network.ts';
import type { PageDocument } from './page-document.ts';

/** Serves an empty page on a host, at its own address, until the test ends. */
export async function serveHostilePage(host: Host): Promise<void> {
  const server = fileURLToPath(new URL('./hostile-server.ts', import.meta.url));
  const [program, ...args] = tied(host.argv(process.execPath, server));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: toolEnvironment() });
  await new Promise<void>((resolve, reject) => {
    eachLine(child.stdout, () => resolve());
    child.once('exit', () => reject(new Error('the hostile server ended')));
  });
}

/** `site` ends with a slash; `code` is that of a machine that waits. */
export type Attack = { readonly site: string; readonly pin: string; readonly code: string };

// What follows runs in the page: each is one function, with nothing from outside of it.
declare const document: PageDocument;

/** All that `fetch` can do; the answer lists what a page could use: an answer that it can read, and that is no refusal. */
export async function attackByFetch({ site, pin, code }: Attack): Promise<readonly string[]> {
  const posts: readonly (readonly [string, object])[] = [
    ['slots/kiosk-2/claim', { code }],
    ['slots/kiosk-1/replace', { code }],
    ['slots/pos-1/reinstall', { wipe: true }],
    ['slots/pos-2/release', {}],
    ['slots/pos-2/hold', {}],
    ['arm', {}],
  ];
  const won: string[] = [];
  const attempt = async (path: string, how: RequestInit): Promise<void> => {
    try {
      const answer = await fetch(`${site}${path}`, how);
      const text = await answer.text();
      const isRefusal = answer.status >= 400 && /"code":"(foreign-request|pin-refused)"|not addressed/.test(text);
      if (answer.type !== 'opaque' && !isRefusal) won.push(`${path} ${JSON.stringify(how)}: ${answer.status} ${text}`);
    } catch {
      // The browser lets the page see nothing of the answer.
    }
  };
  for (const [path, body] of posts) {
    const text = JSON.stringify(body);
    const json = { 'content-type': 'application/json', 'slipway-pin': pin };
    await attempt(`api/v1/${path}`, { method: 'POST', headers: json, body: text });
    await attempt(`api/v1/${path}`, { method: 'POST', mode: 'no-cors', body: text });
    await attempt(`api/v1/${path}`, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ code }) });
  }
  for (const path of ['', 'api/v1/nodes', 'api/v1/status', 'api/v1/events', 'api/v1/nodes/pos-1'])
    for (const mode of ['cors', 'no-cors'] as const) await attempt(path, { mode });
  return won;
}

/** A form whose text is JSON to a server that does not look at its type, sent into a frame. */
export async function attackByForm({ site, code }: Attack): Promise<void> {
  for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const frame = document.createElement('iframe');
    frame.name = `to-${enctype}`;
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', enctype, action: `${site}api/v1/slots/kiosk-2/claim`, target: frame.name });
    const field = document.createElement('input');
    Object.assign(field, { name: `{"code":"${code}","x`, value: '":1}' });
    form.append(field);
    document.body.append(form);
    const answered = new Promise((resolve) => frame.addEventListener('load', resolve));
    form.submit();
    await answered;
  }
}

export function readByStream({ site }: Attack): Promise<string> {
  return new Promise((resolve) => {
    const stream = new EventSource(`${site}api/v1/events`);
    stream.onopen = () => resolve('open');
    stream.onerror = () => resolve('refused');
  });
}

export function readByScript({ site }: Attack): Promise<string> {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    script.onload = () => resolve('loaded');
    script.onerror = () => resolve('refused');
    script.src = `${site}api/v1/nodes`;
    document.body.append(script);
  });
}

export function showInFrame(site: string): void {
  const frame = document.createElement('iframe');
  frame.src = site;
  document.body.append(frame);
}
