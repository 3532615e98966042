declare const brand: unique symbol;

/** A value that was parsed once at the border; inside it is never a bare `string` or `number` again. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
