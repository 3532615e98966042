/** `GET /api/v1/images`: the images that this site fetches before anybody asks for them, and how far they are here. */
export type SiteImages = {
  readonly at: number;
  readonly images: readonly ImageView[];
  /** How many bytes came from registries since the start, for each of the last thousand blobs and manifests. */
  readonly fetched: readonly { readonly digest: string; readonly bytes: number }[];
  /** The look through all that is stored that goes on, or the last one since the start; missing: none was asked for. */
  readonly verify?: VerifyView;
};

export type VerifyView = {
  readonly since: number;
  /** Missing: it goes on. */
  readonly endedAt?: number;
  readonly files?: number;
  /** Out of the way, and fetched again where they are needed. */
  readonly damaged?: number;
  /** Why it did not come to its end. */
  readonly because?: string;
};

export const IMAGE_STATES = ['complete', 'partial', 'waiting', 'failed'] as const;
export type ImageStateWord = (typeof IMAGE_STATES)[number];

export type ImageView = {
  /** As the template has it; of an image that a person keeps it is its whole name. */
  readonly name: string;
  /** Its whole name, such as `registry.example.com/pos/app:1.4`. */
  readonly image: string;
  /** Empty: all that it has. */
  readonly platforms: readonly string[];
  /** Who wants it: the revision in force, or a person of the site. */
  readonly by: 'revision' | 'person';
  readonly state: ImageStateWord;
  /** `complete`, `40 %`, `failed because …` */
  readonly sentence: string;
  /** What of it is here, of what is known to belong to it. */
  readonly doneBytes?: number;
  readonly sizeBytes?: number;
  readonly percent?: number;
  /** Of `failed`. */
  readonly because?: string;
  /** Its registry is asked for it now. */
  readonly fetching: boolean;
  /** Profiles that are not ready without it. */
  readonly requiredBy: readonly string[];
};

/** The last word of the path `/api/v1/images/<word>`, for the control socket alone. */
export const IMAGE_COMMANDS = ['pull', 'pin', 'unpin'] as const;
export type ImageCommand = (typeof IMAGE_COMMANDS)[number];
/** One more, which names no image: all that is stored is read again. */
export const VERIFY_COMMAND = 'verify';

/** `image` is a name of the list, or of what is to be kept its whole name. */
export type ImageBody = { readonly image: string };

/** One of the state key `images`: what a site says of its images to head office, whose `sentence` counts in tens. */
export type ImageEntry = Pick<ImageView, 'name' | 'image' | 'by' | 'state' | 'sentence'>;

/** The media type of an archive of images on its way from and to a site. */
export const ARCHIVE_TYPE = 'application/x-tar';

/** `oci`: an OCI image layout; `talos`: Talos' flat image cache. */
export const ARCHIVE_LAYOUTS = ['oci', 'talos'] as const;
export type ArchiveLayout = (typeof ARCHIVE_LAYOUTS)[number];

/** The answer of `POST /api/v1/images/import`. */
export type ImportView = {
  /** What can be pulled now. */
  readonly images: readonly { readonly image: string; readonly digest: string }[];
  /** What the archive calls the others, and why each is not taken. */
  readonly refused: readonly { readonly name: string; readonly because: string }[];
};
