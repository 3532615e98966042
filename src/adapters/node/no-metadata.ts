/**
 * @peculiar/x509 brings a container for dependencies that refuses to load where nothing answers for the metadata of classes.
 * None of what it holds has any: every constructor comes without parameters. So the answer is always the same.
 */
const metadata = Reflect as { getMetadata?: () => undefined; getOwnMetadata?: () => undefined };
metadata.getMetadata ??= () => undefined;
metadata.getOwnMetadata ??= () => undefined;

export {};
