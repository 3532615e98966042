import { z } from 'zod';

/** A name that can also be a host name: lower-case letters, digits and hyphens. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected lower-case letters, digits and hyphens, such as pos-1')
  .max(63);

/** Text in which {{ … }} is rendered when the template is compiled. */
export const textSchema = z.string().max(64 * 1024);

/** A whole number, or a text that renders to one. */
export const numberSchema = z.union([z.int(), textSchema]);

/** An address: 10.0.0.9, or +9 counted from the first address of the network. */
export const addressSchema = z.union([z.int(), textSchema]);

/** A single value without structure. */
export const plainSchema = z.union([textSchema, z.number(), z.boolean()]);

/** A name inside {{ … }}: letters, digits and underscores. */
export const varNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'expected letters, digits and underscores, such as nodesNet')
  .max(63);

export const archSchema = z.enum(['amd64', 'arm64']);
