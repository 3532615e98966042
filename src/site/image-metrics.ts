import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ImageState } from '../model/images.ts';
import type { ImageFigures } from './image-mirror.ts';
import type { WanLine } from './wan-line.ts';

/** How the mirror stands, and the line that it shares with all other downloads. */
export type DownloadFigures = ImageFigures & {
  readonly line: ReturnType<WanLine['now']>;
  /** Pieces that wait for their turn on the line. */
  readonly waiting: number;
  /** Files on their way. */
  readonly fills: number;
};

/** Hears how long a client waited for the first byte of a blob, and whether that was here when it asked. */
export type FirstByte = (seconds: number, isHere: boolean) => void;

/** From a blob in the page cache to one behind a satellite. */
const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** Adds what the mirror and the line have to say to what a scrape sees. Labels are names of the template, so they are few. */
export function addImageMetrics(registry: Registry, figures: () => DownloadFigures): FirstByte {
  const registers = [registry];
  const one = (name: string, help: string, value: (now: DownloadFigures) => number): void => {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value(figures()));
      },
    });
  };
  new Counter({
    ...{ name: 'slipway_images_sent_bytes_total', help: 'Bytes of images that went to clients.', registers },
    collect() {
      this.reset();
      this.inc(figures().sentBytes);
    },
  });
  new Counter({
    ...{ name: 'slipway_images_fetched_bytes_total', help: 'Bytes of images that came from a registry.', registers },
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const [upstream, bytes] of figures().fetchedBytes) this.inc({ upstream }, bytes);
    },
  });
  one('slipway_images_saved_bytes', 'Bytes that went to clients less those that were fetched.', savedBytes);
  new Gauge({
    ...{ name: 'slipway_images_upstream_away', help: '1 if a registry does not answer.', registers },
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { name, isAway } of figures().upstreams) this.set({ upstream: name }, Number(isAway));
    },
  });
  new Gauge({
    ...{ name: 'slipway_image_ready', help: 'How much of a wanted image is here; 1 only if all of it is.', registers },
    labelNames: ['image'],
    collect() {
      this.reset();
      for (const { image, state } of figures().wanted) this.set({ image: image.name }, shareHere(state));
    },
  });
  one('slipway_wan_rate_bytes', 'Bytes per second that downloads may take now; +Inf if nothing limits them.', rateOf);
  one('slipway_wan_waiting', 'Downloads that wait for their turn on the line.', ({ waiting }) => waiting);
  one('slipway_wan_month_bytes', 'Bytes that downloads took in this month.', ({ line }) => line.bytes);
  one('slipway_fills', 'Files that are on their way.', ({ fills }) => fills);
  const waits = new Histogram({
    name: 'slipway_images_first_byte_seconds',
    help: 'How long clients waited for the first byte of a blob.',
    ...{ buckets: SECONDS, labelNames: ['here'], registers },
  });
  return (seconds, isHere) => waits.observe({ here: isHere ? 'yes' : 'no' }, seconds);
}

function savedBytes({ sentBytes, fetchedBytes }: DownloadFigures): number {
  return [...fetchedBytes.values()].reduce((saved, bytes) => saved - bytes, sentBytes);
}

function rateOf({ line }: DownloadFigures): number {
  return line.bytesPerSecond ?? Number.POSITIVE_INFINITY;
}

function shareHere(state: ImageState): number {
  if (state.kind === 'complete') return 1;
  // Never 1 of something that is not whole.
  return state.kind === 'partial' ? Math.min(0.99, state.doneBytes / Math.max(1, state.sizeBytes)) : 0;
}
