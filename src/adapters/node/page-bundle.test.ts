import { describe, expect, it } from 'vitest';
import { readPage } from './page-bundle.ts';

describe.each(['site', 'fleet'] as const)('the files of the page of a %s', (page) => {
  it('are named by their content, small, and name nobody else', async () => {
    const files = await readPage(page);
    const names = files.map(({ name }) => name.replace(/-[A-Z0-9]{8}\./, '-#.')).sort();
    expect(names).toEqual(['icon-#.svg', 'index.html', 'main-#.js', 'style-#.css']);
    const html = new TextDecoder().decode(files.find(({ name }) => name === 'index.html')?.body);
    for (const { name } of files.slice(1)) expect(html).toContain(`"page/${name}"`);
    expect(files.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(70_000);
    const text = files.map(({ body }) => new TextDecoder().decode(body)).join('\n');
    expect(text).not.toContain('@import');
    // Names of XML are no addresses.
    expect(text.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\/[a-z]/);
  });
});
