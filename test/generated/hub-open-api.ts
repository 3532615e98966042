import { type AdminDesks, adminGroups } from '../../src/hub/admin-groups.ts';
import { openApi } from '../../src/hub/api/open-api.ts';

export const HUB_OPEN_API = 'docs/use/hub.openapi.json';

/** What `GET /api/v1/openapi.json` of head office answers. No desk is touched before somebody asks, so none is needed. */
export function hubOpenApi(): string {
  return `${JSON.stringify(openApi(adminGroups({} as AdminDesks), 'v1'), undefined, 2)}\n`;
}
