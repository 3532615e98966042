import { parentPort } from 'node:worker_threads';
import { err, ok, type Result } from '../kernel/result.ts';
import { openSources, type RenderedSources } from './render-sources.ts';

/** The first message opens the sources, each further one asks for a site; every one has one answer, in order. */
export type RenderAsks = { readonly sources: string } | { readonly site: string };
export type RenderOpened = Pick<RenderedSources, 'labels'>;
export type RenderSays = Result<RenderOpened | string, string>;

/** The thread that renders the fleet directory of one push. */
let opened: RenderedSources | undefined;
parentPort?.on('message', (asks: RenderAsks) => parentPort?.postMessage(answer(asks)));

function answer(asks: RenderAsks): RenderSays {
  if ('site' in asks) return opened?.render(asks.site) ?? err('nothing was opened');
  const sources = openSources(asks.sources);
  if (!sources.ok) return sources;
  opened = sources.value;
  return ok({ labels: opened.labels });
}
