/** What the tests use of the document of a page; the types of all of the DOM would hide the mistakes of code that runs on Node. */
export type PageDocument = {
  readonly body: { append(child: PageElement): void };
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
  createElement(tag: 'iframe' | 'form' | 'input' | 'script'): PageElement;
  querySelectorAll(selector: string): Iterable<PageElement>;
};

export type PageElement = {
  name: string;
  src: string;
  onload: () => void;
  onerror: () => void;
  readonly textContent: string;
  append(child: PageElement): void;
  addEventListener(type: 'load', listener: (event: unknown) => void): void;
  submit(): void;
  closest(selector: string): PageElement | null;
  getBoundingClientRect(): { readonly width: number; readonly height: number };
};
