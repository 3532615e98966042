import { z } from 'zod';
import type { AdminRoute } from './contract.ts';
import { ROLE_MEANING, ROLES } from './policy/roles.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of these routes. What an answer looks like stands with the type that `x-view` names. */
export function openApi(routes: readonly AdminRoute[], version: string): Json {
  const roles = ROLES.map((role) => `\`${role}\` ${ROLE_MEANING[role]}`).join('; ');
  const paths = new Map<string, Record<string, unknown>>();
  for (const route of [...routes].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = `/api/v1/${route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}')}`;
    paths.set(path, { ...paths.get(path), [route.method.toLowerCase()]: operation(route) });
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Slipway head office', version, description: `Roles: ${roles}.` },
    security: [{ token: [] }],
    paths: { ...OTHERS, ...Object.fromEntries(paths) },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: ERROR_SCHEMA },
    },
  };
}

/** What is no route of a group. */
const OTHERS: Json = {
  '/api/v1/events': {
    get: {
      operationId: 'followChanges',
      summary: 'Which views have changed, as server-sent events; `Last-Event-ID` goes on from there.',
      'x-role': 'read',
      'x-view': 'FleetFeedItem',
      parameters: [{ name: 'after', in: 'query', required: false, schema: { type: 'string' } }],
      responses: {
        200: { description: 'FleetFeedItem', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      },
    },
  },
  '/api/v1/openapi.json': {
    get: {
      operationId: 'showOpenApi',
      summary: 'This document; it needs no token.',
      security: [],
      responses: {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
  },
};

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'help'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, help: { type: 'string' } },
    },
  },
};

function operation(route: AdminRoute): Json {
  const { params, query, body } = route.input;
  const names = [...route.path.matchAll(/:([A-Za-z]+)/g)].map(([, name = '']) => name);
  const inPath = params
    ? parameters(params, 'path')
    : names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const all = [...inPath, ...(query ? parameters(query, 'query') : [])];
  return {
    operationId: route.id,
    summary: route.summary,
    'x-role': route.role,
    'x-view': route.reply,
    ...(all.length === 0 ? {} : { parameters: all }),
    ...(route.method === 'POST' ? { requestBody: requestBody(route, body) } : {}),
    responses: {
      200: { description: route.reply, content: { 'application/json': { schema: { type: 'object' } } } },
      default: {
        description: 'It was refused, or failed.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function requestBody({ mostBytes }: AdminRoute, body: z.ZodType | undefined): Json {
  if (mostBytes !== undefined)
    return {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    };
  const schema = body ? schemaOf(body, 'input') : { type: 'object' };
  return { required: body !== undefined, content: { 'application/json': { schema } } };
}

function parameters(schema: z.ZodType, where: 'path' | 'query'): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'output') as {
    properties?: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: of,
  }));
}

/** `output`: the values as they are read, for what travels as text all the same. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
