import { FakeRegistry } from './upstream/fake-registry.ts';
import { makeImage } from './upstream/made-image.ts';

/** The image of the demo, as its registry has it. */
export const DEMO_REGISTRY = 'registry.example.com';
const REPOSITORY = 'shop/till';
const TAG = '1.4';
export const DEMO_IMAGE = `${DEMO_REGISTRY}/${REPOSITORY}:${TAG}`;

/** A registry with the image that the demo's machine pulls, for the sites of this network. */
export async function startDemoRegistry(): Promise<FakeRegistry> {
  const registry = await FakeRegistry.open();
  registry.shelf.put(REPOSITORY, TAG, makeImage({ seed: 'till', layers: [300_000, 1_200_000] }));
  return registry;
}

/** What the template of the demo's site says besides its values: which registry is mirrored, and what its machine pulls. */
export function demoImageLayer(registryUrl: string): object {
  return {
    images: { upstreams: { [DEMO_REGISTRY]: { url: registryUrl, repositories: ['shop/*'] } } },
    // As a container runtime names an image of a mirror: the registry is the first part of the name.
    profiles: { live: { cmdline: { 'slipway.image': `@{boot.registryHost}/${DEMO_IMAGE}` } } },
  };
}
