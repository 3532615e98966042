import type { Publication } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { PublicationAct, PublicationSiteView, PublicationView, PublishBody } from '../../wire/api/fleet-views.ts';

/** What the routes of publications need of whoever carries them out. */
export interface PublicationDesk {
  /** In the unit of the caller; `wake` when it is on disk. Rejects with an AppError if it cannot be. */
  publish(tx: HubTx, body: PublishBody, by: string): Promise<Publication>;
  act(tx: HubTx, what: { id: string; what: PublicationAct; by: string; because?: string }): Promise<Publication>;
  wake(id: string): Promise<void>;
  /** A site is closed: answers with the publications to wake when it is on disk. */
  leave(tx: HubTx, site: string): Promise<readonly string[]>;
  view(tx: HubTx, publication: Publication): Promise<PublicationView>;
  sites(tx: HubTx, publication: Publication): Promise<readonly PublicationSiteView[]>;
  explainer(tx: HubTx, publication: Publication): Promise<(site: string) => PublicationSiteView | undefined>;
}
