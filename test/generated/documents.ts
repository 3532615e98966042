import { TEMPLATE_PAGE, TEMPLATE_SCHEMA, templatePage, templateSchemaFile } from '../docs/template-page.ts';
import { CLIENTS_PAGE, clientsPage } from './clients-page.ts';
import { errorsPage } from './errors-page.ts';
import { EVENTS_PAGE, eventsPage } from './events-page.ts';
import { HUB_ALARM_PAGES } from './hub-alarm-pages.ts';
import { HUB_OPEN_API, hubOpenApi } from './hub-open-api.ts';
import { LIFE_PAGE, lifePage } from './life-page.ts';
import { PROTO_CODE } from './proto-code.ts';
import { STALLS_PAGE, stallsPage } from './stalls-page.ts';
import { bootStatesPage, fillStatesPage, orderStatesPage, publicationStatesPage } from './state-pages.ts';

/** One generated document: `render` is given the file as it is (empty if there is none) and answers what it should be. */
export type GeneratedDocument = { readonly path: string; readonly render: (before: string) => string };

export const GENERATED: readonly GeneratedDocument[] = [
  { path: 'docs/use/errors.md', render: () => errorsPage() },
  { path: 'docs/boot-states.md', render: () => bootStatesPage() },
  { path: 'docs/fill-states.md', render: () => fillStatesPage() },
  { path: 'docs/order-states.md', render: () => orderStatesPage() },
  { path: 'docs/publication-states.md', render: () => publicationStatesPage() },
  { path: TEMPLATE_PAGE, render: templatePage },
  { path: TEMPLATE_SCHEMA, render: () => templateSchemaFile() },
  { path: CLIENTS_PAGE, render: () => clientsPage() },
  { path: STALLS_PAGE, render: () => stallsPage() },
  { path: EVENTS_PAGE, render: () => eventsPage() },
  { path: LIFE_PAGE, render: lifePage },
  ...HUB_ALARM_PAGES,
  { path: HUB_OPEN_API, render: () => hubOpenApi() },
  ...PROTO_CODE,
];
