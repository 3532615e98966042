import { useState } from 'preact/hooks';
import type { NodeView, SiteStatus } from '../../wire/api/views.ts';
import { tell } from '../api.ts';
import { formatRoute, type Route } from '../route.ts';
import { ACTIONS, type ActionName, needsPin } from '../words/actions.ts';
import { machineMark, machineName } from '../words/machine.ts';
import { BUTTONS, plainSentence } from '../words/plain.ts';
import { CommandForm } from './command-form.tsx';

type ActionProps = {
  readonly name: Exclude<ActionName, 'arm'>;
  readonly node: NodeView;
  readonly status: SiteStatus;
  readonly finish: (sentence: string, to: Route) => void;
};

/** One action on one slot. */
export function ActionPage({ name, node, status, finish }: ActionProps) {
  const action = ACTIONS[name];
  const [code, setCode] = useState('');
  const [wipe, setWipe] = useState(false);
  const given = { code, wipe };
  const home: Route = { at: 'slot', slot: node.slot };
  const send = async (pin: string): Promise<void> => {
    const path = `slots/${encodeURIComponent(node.slot)}/${action.command}`;
    const { sentence } = await tell(path, action.body(given), pin);
    finish(plainSentence(sentence), home);
  };
  return (
    <CommandForm
      title={`${node.slot}: ${BUTTONS[name]}`}
      will={action.will(node, status, given)}
      button={wipe ? 'Erase the disk and install again' : BUTTONS[name]}
      isDanger={action.destroys}
      asksPin={needsPin(name)}
      back={formatRoute(home)}
      send={send}
    >
      {name === 'replace' && node.machine ? (
        <p class="machine">
          Now in {node.slot}:<strong>{machineName(node.machine)}</strong>
          <span class="detail">{machineMark(node.machine)}</span>
        </p>
      ) : null}
      {action.needsCode ? (
        <label>
          Code on the screen of the machine
          <input
            {...{ class: 'code', type: 'text', name: 'code', required: true, maxLength: 8, size: 6 }}
            {...{ autocapitalize: 'characters', autocomplete: 'off', spellcheck: false }}
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
      ) : null}
      {action.mayWipe && node.install?.mayWipe ? (
        <label class="choice">
          <input type="checkbox" name="wipe" checked={wipe} onInput={(event) => setWipe(event.currentTarget.checked)} />
          Also erase the whole disk first
        </label>
      ) : null}
    </CommandForm>
  );
}
