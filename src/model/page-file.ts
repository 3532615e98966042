/** A file of the technician's page, as it is sent. `index.html` is the page; every other name has the digest of the file in it. */
export type PageFile = { readonly name: string; readonly body: Uint8Array };
