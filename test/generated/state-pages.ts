import { BOOT_INPUTS, renderDiagram } from '../../src/site/nodes/policy/boot-machine.ts';
import { ORDER_INPUTS, renderOrderDiagram } from '../../src/site/nodes/policy/order-machine.ts';

/** docs/boot-states.md */
export function bootStatesPage(): string {
  return page('boot', 'boot-machine.ts', renderDiagram(), BOOT_INPUTS);
}

/** docs/order-states.md */
export function orderStatesPage(): string {
  return page('order', 'order-machine.ts', renderOrderDiagram(), ORDER_INPUTS);
}

function page(noun: string, file: string, diagram: string, inputs: Readonly<Record<string, string>>): string {
  return [
    `# The states of ${noun === 'order' ? 'an' : 'a'} ${noun}`,
    '',
    `Made from the table in \`src/site/nodes/policy/${file}\`; a test compares the two. What is not drawn changes nothing: a retry, a straggler, a second report.`,
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
