import { type Journey, JourneyEnd } from './journey.ts';
import type { Running } from './run-loader.ts';

const SEED_FILES = ['meta-data', 'network-config', 'user-data', 'vendor-data'] as const;

/**
 * What cloud-init does in a started system: fetches its four documents, and phones home.
 * @throws JourneyEnd if the command line names no NoCloud seed: other systems are not simulated
 */
export async function startSystem(cmdline: string, { http, mac }: Running, journey: Journey): Promise<void> {
  const seed = /(?:^|\s)ds=nocloud(?:-net)?;s=(\S+)/.exec(cmdline)?.[1];
  if (seed === undefined) throw new JourneyEnd('its system takes its configuration otherwise than by NoCloud');
  let vendorData = '';
  for (const file of SEED_FILES) {
    const { status, text } = await journey.at('documents', async (watch) => {
      const answer = await http({ url: `${seed}${file}`, keep: true }, watch);
      watch.bytes += answer.bytes;
      return answer;
    });
    if (status !== 200) throw new JourneyEnd(`${file} was answered ${status}`);
    if (file === 'vendor-data') vendorData = text;
  }
  const home = /url: ["']?(http[^\s"']+)/.exec(vendorData)?.[1];
  if (home === undefined) throw new JourneyEnd('its vendor-data does not say where to phone home');
  const { status } = await journey.at('phone-home', (watch) =>
    http({ url: home, method: 'POST', body: `hostname=sim&instance_id=${encodeURIComponent(mac)}` }, watch),
  );
  if (status !== 200) throw new JourneyEnd(`phone-home was answered ${status}`);
}
