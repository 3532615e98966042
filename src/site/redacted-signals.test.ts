import { expect, test } from 'vitest';
import { POS_MAC, SampleSignals, T0 } from '../../test/support/sample-site.ts';
import { createRedactor } from '../kernel/redactor.ts';
import { redactSignals } from './redacted-signals.ts';

test('what nodes say of themselves is passed on without secrets', async () => {
  const redactor = createRedactor();
  redactor.learn('geheim-1');
  const signals = new SampleSignals();
  const told = redactSignals(signals, redactor);
  told.observe({ kind: 'system-log', at: T0, mac: POS_MAC, line: 'token=geheim-1', level: 4 });
  const description =
    'restored from cache: DataSourceNoCloudNet [seed=cmdline,http://10.0.0.1/t/AbCdEf0123456789AbCdEf/]';
  told.observe({
    kind: 'report',
    at: T0,
    mac: POS_MAC,
    issuedAt: T0,
    name: 'check-cache',
    phase: 'other',
    description,
  });
  await told.record({ kind: 'phone-home', at: T0, mac: POS_MAC, issuedAt: T0, hostname: 'geheim-1' });
  expect(signals.heard).toMatchObject([
    { line: 'token=…', mac: POS_MAC },
    { description: expect.stringMatching(/http:\/\/10.0.0.1\/t\/…\/\]$/), issuedAt: T0 },
    { hostname: '[hidden]', at: T0 },
  ]);
});
