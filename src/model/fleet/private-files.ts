/** The files of one directory that nobody but its owner may read. Every call rejects with an AppError if the disk is in the way. */
export interface PrivateFiles {
  /** undefined: there is none. */
  read(name: string): Promise<string | undefined>;
  /** Replaces a file as a whole: after a power cut there is the old one or the new. On disk when it resolves. */
  write(name: string, text: string): Promise<void>;
  /** Makes a file that must not be there yet; of two who do it at once, one wins and the other hears false. */
  writeNew(name: string, text: string): Promise<boolean>;
  /** false: there was none. */
  remove(name: string): Promise<boolean>;
  /** Gives a file another name; what has that name is gone. */
  rename(from: string, to: string): Promise<void>;
}
