import { Worker } from 'node:worker_threads';
import { AppError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/ports.ts';
import { err, type Result } from '../kernel/result.ts';
import type { FleetRenderer, FleetRendering } from '../model/fleet/fleet-renderer.ts';
import type { RenderAsks, RenderOpened, RenderSays } from './render-thread.ts';

/** For one site; ten times what the largest template takes on a slow box. */
const LIMIT_MS = 30_000;
const HEAP_MB = 1024;

/** Renders pushes in a thread of their own, one for each: three thousand sites take a minute, in which sites want answers. */
export function createRenderer(clock: Clock): FleetRenderer {
  return {
    open: async (sources) => {
      const thread = new RenderThread(clock);
      const opened = await thread.ask({ sources });
      if (!opened.ok || typeof opened.value === 'string') {
        await thread.close();
        return opened.ok ? err('the thread that renders answered nonsense') : opened;
      }
      return { ok: true, value: renderingOf(thread, opened.value) };
    },
  };
}

function renderingOf(thread: RenderThread, { labels }: RenderOpened): FleetRendering {
  return {
    labels,
    render: async (site) => {
      const said = await thread.ask({ site });
      return said as Result<string, string>;
    },
    close: () => thread.close(),
  };
}

class RenderThread {
  readonly #clock: Clock;
  readonly #worker = new Worker(threadFile(), { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
  #failed: AppError | undefined;
  #hasEnded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#worker.once('exit', () => {
      this.#hasEnded = true;
    });
    this.#worker.on('error', (cause: NodeJS.ErrnoException) => {
      this.#failed =
        cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new AppError('push-refused', `the sources take more than ${HEAP_MB} MB of memory to render`)
          : new AppError('internal', 'the thread that renders a push failed', { cause });
    });
  }

  ask(asks: RenderAsks): Promise<RenderSays> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const ended = (): AppError =>
        this.#failed ?? new AppError('internal', 'the thread that renders a push has ended');
      if (this.#hasEnded) return reject(ended());
      const settle = (end: () => void) => {
        cancel();
        worker.off('message', onSaid);
        worker.off('exit', onExit);
        end();
      };
      const onSaid = (said: RenderSays) => settle(() => resolve(said));
      const onExit = () => settle(() => reject(ended()));
      const cancel = this.#clock.after(LIMIT_MS, () => {
        settle(() => resolve(err(`the sources take longer than ${LIMIT_MS / 1_000} s to render for one site`)));
        void worker.terminate();
      });
      worker.on('message', onSaid);
      worker.on('exit', onExit);
      worker.postMessage(asks);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** From source, the file beside this one; in a bundle, which has one file per entry, the entry of that name. */
function threadFile(): URL {
  const name = import.meta.url.endsWith('.ts') ? './render-thread.ts' : './render-thread.js';
  return new URL(name, import.meta.url);
}
