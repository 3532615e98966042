/** The programs that pull images, as their settings differ. */
export const IMAGE_CLIENTS = ['containerd', 'podman', 'dockerd', 'talos'] as const;
export type ImageClient = (typeof IMAGE_CLIENTS)[number];

/** A file that points a client at the mirror. */
export type ClientFile = {
  readonly client: ImageClient;
  /** Where the client looks for it, from the root of its machine; of a part of a larger document a name for it. */
  readonly path: string;
  readonly text: string;
};

/** The answer of `GET /api/v1/images/client-config`. */
export type ClientConfigView = {
  /** Host and port of the mirror, as the clients reach it. */
  readonly mirror: string;
  readonly files: readonly ClientFile[];
  /** What a person has to know, or do besides; sentences. */
  readonly notes: readonly string[];
};
