import { afterAll, describe, it } from 'vitest';
import { WorldLab } from './support/world-lab.ts';

describe('a machine behind a relay', () => {
  const lab = new WorldLab('behind a relay', 'bios', 'relay');
  afterAll(() => lab.end());

  it('has an address of its own network and boots from a site that it cannot hear', () => lab.bootsToEnrolled(150_000));
});
