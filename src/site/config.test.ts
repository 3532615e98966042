import { describe, expect, test } from 'vitest';
import { parseSiteConfig } from './config.ts';

const minimal = 'site: store-0417\ninterfaces: { nodes: eth0 }\ntemplate: retail.yaml\n';

const steered = 'site: store-0417\ninterfaces: { nodes: eth0 }\nhub: { url: "https://hub" }\n';

describe('parseSiteConfig', () => {
  test('a site that head office steers needs its address alone', () => {
    const config = parseSiteConfig(steered, 'site.yaml');
    if (!config.ok) throw config.error;
    expect(config.value.hub).toEqual({ url: 'https://hub', setClock: false, trial: '10m' });
    expect(config.value.template).toBeUndefined();
  });

  test('fills what is not said', () => {
    const config = parseSiteConfig(minimal, 'site.yaml');
    expect(config.ok && { ...config.value, varAt: undefined }).toEqual({
      site: 'store-0417',
      interfaces: { nodes: 'eth0' },
      dataDir: '/var/lib/slipway',
      runtimeDir: '/run/slipway',
      ports: { http: 80, registry: 5000, tftp: 69 },
      template: 'retail.yaml',
      vars: {},
      secrets: {},
      signals: {},
      varAt: undefined,
    });
  });

  test('takes one port and leaves the others, and knows where a variable is given', () => {
    const config = parseSiteConfig(
      `${minimal}ports: { http: 8080 }\nvars:\n  tills: 3\n  names: [a, b]\n`,
      'site.yaml',
    );
    if (!config.ok) throw config.error;
    expect(config.value.ports).toEqual({ http: 8080, registry: 5000, tftp: 69 });
    expect(config.value.vars).toEqual({ tills: 3, names: ['a', 'b'] });
    expect(config.value.varAt('tills')).toMatchObject({ file: 'site.yaml', line: 6, column: 10 });
  });

  test('knows where secrets lie', () => {
    const config = parseSiteConfig(`${minimal}secrets: { joinToken: { file: join-token } }\n`, 'site.yaml');
    expect(config.ok && config.value.secrets).toEqual({ joinToken: { file: 'join-token' } });
    const wrong = parseSiteConfig(`${minimal}secrets: { join-token: geheim }\n`, 'site.yaml');
    expect(wrong.ok ? '' : wrong.error.message).toContain('site.yaml:4:');
  });

  test('shows the page on some of its interfaces, or on none', () => {
    const two = minimal.replace('{ nodes: eth0 }', '{ nodes: eth0, office: eth1 }');
    for (const listen of [['eth1'], []]) {
      const config = parseSiteConfig(`${two}page: { listen: ${JSON.stringify(listen)} }\n`, 'site.yaml');
      expect(config.ok && config.value.page).toEqual({ listen });
    }
  });

  test.each([
    [
      `${minimal}page: { listen: [eth9] }\n`,
      'site.yaml:4:18 page.listen.0: expected one of the interfaces that this site serves: eth0',
    ],
    ['site: [', 'site.yaml:1:8 this is not valid YAML'],
    ['', 'site.yaml:1:1 expected a map, found nothing'],
    [`${minimal}port: 80\n`, 'site.yaml:4:1 port: there is no key "port" here; did you mean "ports"?'],
    [`${minimal}ports: { http: 70000 }\n`, 'site.yaml:4:16 ports.http: too big'],
    [`${minimal}signals: { kernelLog: 0 }\n`, 'site.yaml:4:23 signals.kernelLog: too small'],
    [`${minimal}hub: { url: x }\n`, 'site.yaml:4:13 hub.url: expected the address of head office'],
    [`${minimal}hub: { url: "https://hub" }\n`, 'site.yaml:3:11 template: head office sends this site its template'],
    [`${steered}vars: { tills: 2 }\n`, 'site.yaml:4:7 vars: head office gives the variables their values'],
    [steered.replace('hub" }', 'hub", trial: soon }'), 'hub.trial: expected a time such as 90s'],
    [steered.replace('https://hub', 'https://hub/admin'), 'hub.url: expected the address of head office'],
    [minimal.replace('store-0417', 'Store 417'), 'site.yaml:1:7 site: expected lower-case letters'],
    [minimal.replace('{ nodes: eth0 }', '{}'), 'site.yaml:2:13 interfaces: expected at least one network'],
    [minimal.replace('eth0', '"eth0 "'), 'site.yaml:2:22 interfaces.nodes: expected the name of a network interface'],
    [minimal.replace('template: retail.yaml\n', ''), 'site.yaml:1:1 "template" is missing: expected text'],
    [`${minimal}dataDir: var\n`, 'site.yaml:4:10 dataDir: expected an absolute path'],
    [
      `${minimal}vars: { x: { y: 1 } }\n`,
      'site.yaml:4:12 vars.x: expected text or a number or true or false or a list, found a map',
    ],
  ])('refuses %j', (text, sentence) => {
    const config = parseSiteConfig(text, 'site.yaml');
    expect(config.ok ? '' : config.error.message).toContain(sentence);
    expect(config.ok ? '' : config.error.code).toBe('config-invalid');
  });
});
