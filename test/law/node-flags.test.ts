import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NODE_FLAGS } from '../../src/lab/slipway-process.ts';

test('the service runs on Node with the flags with which the lab measures a site', () => {
  const unit = readFileSync('systemd/slipway-site.service', 'utf8');
  expect(unit).toContain(`/node ${NODE_FLAGS.join(' ')} /opt/slipway/bin/slipway.js site `);
});
