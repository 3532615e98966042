import { openSources } from '../../src/hub/render-sources.ts';
import { ok } from '../../src/kernel/result.ts';
import type { FleetRenderer } from '../../src/model/fleet/fleet-renderer.ts';

/** Renders as head office does, without its thread. */
export const renderHere: FleetRenderer = {
  open: async (sources) => {
    const opened = openSources(sources);
    if (!opened.ok) return opened;
    const { labels, render } = opened.value;
    return ok({ labels, render: async (site: string) => render(site), close: async () => undefined });
  },
};
