/** The SDK over HTTP with JSON, in the form of Agones: names as in the protocol definition, absent members written, 64-bit numbers as text. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DescMessage, type DescMethod, fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { EmptySchema } from './protocol/sdk.generated.ts'
import { BetaService, betaService, CoreService, coreService } from './services.ts'
import { SdkError } from './counters.ts'
import { InvalidArgumentError, type Sdk } from './sdk.ts'

type Handler = (request: never, call: { readonly signal: AbortSignal }) => unknown

interface Route {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH'
  /** Segments; `{name}` stands for a member of the request, also a nested one. */
  readonly path: string
  readonly method: DescMethod
  /** The member of the request that the body is; the whole request when absent. */
  readonly body?: string
}

const core = CoreService.method
const beta = BetaService.method

/** Contract: the HTTP annotations of Agones' protocol definition. */
const routes: readonly Route[] = [
  { verb: 'POST', path: '/ready', method: core.ready },
  { verb: 'POST', path: '/allocate', method: core.allocate },
  { verb: 'POST', path: '/shutdown', method: core.shutdown },
  { verb: 'POST', path: '/health', method: core.health },
  { verb: 'GET', path: '/gameserver', method: core.getGameServer },
  { verb: 'GET', path: '/watch/gameserver', method: core.watchGameServer },
  { verb: 'PUT', path: '/metadata/label', method: core.setLabel },
  { verb: 'PUT', path: '/metadata/annotation', method: core.setAnnotation },
  { verb: 'POST', path: '/reserve', method: core.reserve },
  { verb: 'GET', path: '/v1beta1/counters/{name}', method: beta.getCounter },
  { verb: 'PATCH', path: '/v1beta1/counters/{counterUpdateRequest.name}', method: beta.updateCounter, body: 'counterUpdateRequest' },
  { verb: 'GET', path: '/v1beta1/lists/{name}', method: beta.getList },
  { verb: 'PATCH', path: '/v1beta1/lists/{list.name}', method: beta.updateList, body: 'list' },
  { verb: 'POST', path: '/v1beta1/lists/{name}:addValue', method: beta.addListValue },
  { verb: 'POST', path: '/v1beta1/lists/{name}:removeValue', method: beta.removeListValue },
]

const compiled = routes.map(route => {
  const members: string[] = []
  const pattern = route.path.replaceAll(/\{([^}]+)\}/g, (_, member: string) => {
    members.push(member)
    return '([^/:]+)'
  })
  return { ...route, members, pattern: new RegExp(`^${pattern}$`) }
})

/** A body beyond this is no request of a game. */
const mostBytes = 1 << 20

export function restHandler(sdk: Sdk): (request: IncomingMessage, response: ServerResponse) => void {
  const services: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    [CoreService.typeName]: coreService(sdk),
    [BetaService.typeName]: betaService(sdk),
  }
  return (request, response) => {
    serve(services, request, response).catch((error: unknown) => answerError(response, error))
  }
}

async function serve(
  services: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://sdk')
  const found = compiled.find(({ pattern }) => pattern.test(pathname))
  const route = compiled.find(({ verb, pattern }) => verb === request.method && pattern.test(pathname))
  if (route === undefined)
    return answer(response, found === undefined ? 404 : 501, {
      code: found === undefined ? 5 : 12,
      message: found === undefined ? 'Not Found' : 'Method Not Allowed',
      details: [],
    })
  const { method } = route
  const handler = services[method.parent.typeName]?.[method.localName] as Handler
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const call = { signal: gone.signal }
  if (method.methodKind === 'client_streaming') {
    const pings = documents(await bodyOf(request)).map(one => fromJson(EmptySchema, one as JsonValue, { ignoreUnknownFields: true }))
    if (pings.length === 0) throw new BadRequestError('EOF')
    return answer(response, 200, json(method.output, (await handler(iterable(pings) as never, call)) as Message))
  }
  const message = requestOf(route, pathname, method.methodKind === 'unary' && request.method !== 'GET' ? await bodyOf(request) : '')
  if (method.methodKind !== 'server_streaming')
    return answer(response, 200, json(method.output, (await handler(message as never, call)) as Message))
  response.writeHead(200, { 'content-type': 'application/json' })
  for await (const one of handler(message as never, call) as AsyncIterable<Message>)
    response.write(`${JSON.stringify({ result: json(method.output, one) })}\n`)
  response.end()
}

class BadRequestError extends Error {}

function requestOf({ method, members, pattern, body }: (typeof compiled)[number], pathname: string, text: string): Message {
  const given = text.trim() === '' ? {} : (documents(text)[0] ?? {})
  const inner = given as Record<string, unknown>
  const whole: Record<string, unknown> = body === undefined ? { ...inner } : { [body]: { ...inner } }
  if (body === 'list')
    whole['update_mask'] = Object.keys(inner)
      .filter(name => name === 'capacity' || name === 'values')
      .join(',')
  const values = pattern.exec(pathname)?.slice(1) ?? []
  for (const [index, member] of members.entries()) {
    const path = member.split('.')
    const last = path.pop() ?? ''
    let at = whole
    for (const name of path) at = (at[name] ??= {}) as Record<string, unknown>
    at[last] = decodeURIComponent(values[index] ?? '')
  }
  try {
    return fromJson(method.input, whole as JsonValue, { ignoreUnknownFields: true })
  } catch (error) {
    throw new BadRequestError(error instanceof Error ? error.message : String(error))
  }
}

/** With every member, as Agones sends it: messages that are absent are null. */
function json(schema: DescMessage, message: Message): JsonValue {
  const whole = toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true }) as Record<string, JsonValue>
  for (const field of schema.fields) {
    if (field.fieldKind !== 'message') continue
    const inner = (message as unknown as Readonly<Record<string, unknown>>)[field.localName] as Message | undefined
    whole[field.name] = inner === undefined ? null : json(field.message, inner)
  }
  return whole
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > mostBytes) throw new BadRequestError('the body is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** One JSON document after the other, with or without anything between them. */
function documents(text: string): unknown[] {
  const trimmed = text.trim()
  if (trimmed === '') return []
  try {
    return [JSON.parse(trimmed)]
  } catch {
    try {
      return JSON.parse(`[${trimmed.replaceAll(/\}\s*\{/g, '},{')}]`) as unknown[]
    } catch (error) {
      throw new BadRequestError(error instanceof Error ? error.message : String(error))
    }
  }
}

async function* iterable<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items
}

function answerError(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const [status, code] =
    error instanceof BadRequestError || error instanceof InvalidArgumentError ? [400, 3] : error instanceof SdkError ? [500, 2] : [500, 13]
  if (response.headersSent) response.end()
  else answer(response, status, { code, message, details: [] })
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
