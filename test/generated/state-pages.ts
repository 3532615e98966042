import { PUBLICATION_INPUTS, renderPublicationDiagram } from '../../src/hub/rollouts/policy/publication-machine.ts';
import { FILL_INPUTS, renderFillDiagram } from '../../src/site/content/policy/fill-machine.ts';
import { BOOT_INPUTS, renderDiagram } from '../../src/site/nodes/policy/boot-machine.ts';
import { ORDER_INPUTS, renderOrderDiagram } from '../../src/site/nodes/policy/order-machine.ts';

/** docs/boot-states.md */
export function bootStatesPage(): string {
  return page('boot', 'src/site/nodes/policy/boot-machine.ts', renderDiagram(), BOOT_INPUTS);
}

/** docs/order-states.md */
export function orderStatesPage(): string {
  return page('order', 'src/site/nodes/policy/order-machine.ts', renderOrderDiagram(), ORDER_INPUTS);
}

/** docs/publication-states.md */
export function publicationStatesPage(): string {
  const file = 'src/hub/rollouts/policy/publication-machine.ts';
  return page('publication', file, renderPublicationDiagram(), PUBLICATION_INPUTS);
}

/** docs/fill-states.md */
export function fillStatesPage(): string {
  return page('fill', 'src/site/content/policy/fill-machine.ts', renderFillDiagram(), FILL_INPUTS);
}

function page(noun: string, file: string, diagram: string, inputs: Readonly<Record<string, string>>): string {
  return [
    `# The states of ${noun === 'order' ? 'an' : 'a'} ${noun}`,
    '',
    `Made from the table in \`${file}\`; a test compares the two. What is not drawn changes nothing: a retry, a straggler, a second report.`,
    '',
    '```mermaid',
    `${diagram}\`\`\``,
    '',
    '| input | what happened |',
    '|---|---|',
    ...Object.entries(inputs).map(([input, meaning]) => `| \`${input}\` | ${meaning} |`),
    '',
  ].join('\n');
}
