import type { Status } from '../../../kube/api-error.ts'
import type { KubeObject } from '../../../kube/object.ts'
import type { Transport, TransportRequest } from '../../../kube/transport.ts'
import { hostPlan } from '../../host-plan.ts'
import { createApiServer, type ApiServer, type ApiServerOptions } from '../server.ts'

/** An object as tests look at it: any member may be read. */
export type Anything = KubeObject & Record<string, unknown> & { spec: Record<string, unknown>; status: Record<string, unknown> }

/** What a refused request was answered. */
export interface Refusal extends Status {
  readonly code: number
}

/** An API server in this process with short ways to ask it things. */
export class ApiUnderTest implements AsyncDisposable {
  readonly server: ApiServer
  readonly transport: Transport

  private constructor(server: ApiServer, user?: string) {
    this.server = server
    this.transport = server.transport(user)
  }

  static async start(options: Partial<ApiServerOptions> = {}): Promise<ApiUnderTest> {
    return new ApiUnderTest(await createApiServer({ plan: hostPlan(7), ...options }))
  }

  /** The same server seen by another user. */
  as(user: string): ApiUnderTest {
    return new ApiUnderTest(this.server, user)
  }

  async send(
    method: TransportRequest['method'],
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ code: number; body: unknown }> {
    const response = await this.transport.request({ method, path, headers, ...(body === undefined ? {} : { body }) })
    return { code: response.status, body: await response.json() }
  }

  /** The object of a request that must succeed. */
  async ok(method: TransportRequest['method'], path: string, body?: unknown, headers?: Record<string, string>): Promise<Anything> {
    const answer = await this.send(method, path, body, headers)
    if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${(answer.body as Status).message ?? ''}`)
    return answer.body as Anything
  }

  /** The status of a request that must be refused. */
  async refused(method: TransportRequest['method'], path: string, body?: unknown, headers?: Record<string, string>): Promise<Refusal> {
    const answer = await this.send(method, path, body, headers)
    if (answer.code < 300) throw new Error(`${method} ${path} was not refused: ${answer.code}`)
    return answer.body as Refusal
  }

  /** Whether an object is there. */
  async exists(path: string): Promise<boolean> {
    return (await this.send('GET', path)).code === 200
  }

  async list(
    path: string,
  ): Promise<{ metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }; items: Anything[] }> {
    return (await this.ok('GET', path)) as unknown as { metadata: { resourceVersion: string }; items: Anything[] }
  }

  /** The first messages of a watch. */
  async watch(path: string, count: number): Promise<{ type: string; object: Anything }[]> {
    const response = await this.transport.request({ method: 'GET', path })
    if (response.status !== 200) throw new Error(`watch ${path}: ${response.status} ${JSON.stringify(await response.json())}`)
    const messages: { type: string; object: Anything }[] = []
    if (count === 0) return messages
    for await (const message of response.lines()) {
      messages.push(message as { type: string; object: Anything })
      if (messages.length === count) break
    }
    return messages
  }

  /** Waits until a condition holds; a condition that never does fails the test by its timeout. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 2))
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.server[Symbol.asyncDispose]()
  }
}

export const mergePatch = { 'content-type': 'application/merge-patch+json' }
export const strategicPatch = { 'content-type': 'application/strategic-merge-patch+json' }
export const jsonPatch = { 'content-type': 'application/json-patch+json' }
export const applyPatch = { 'content-type': 'application/apply-patch+yaml' }

export function configMap(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data: { a: '1' } }
}

export function pod(name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { containers: [{ name: 'game', image: 'game:1' }], ...spec },
  }
}

export function service(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }
}

/** A CustomResourceDefinition with a status, a scale and a schema to break. */
export function definition(): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'rooms.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'rooms', kind: 'Room', shortNames: ['rm'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.seats', statusReplicasPath: '.status.seats', labelSelectorPath: '.status.selector' },
          },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  required: ['map'],
                  properties: {
                    map: { type: 'string' },
                    seats: { type: 'integer', minimum: 0, default: 4 },
                    mode: { type: 'string', enum: ['duel', 'team'] },
                  },
                },
                status: { type: 'object', properties: { seats: { type: 'integer' }, selector: { type: 'string' } } },
              },
            },
          },
        },
      ],
    },
  }
}

/** Collections that tests use. */
export const maps = '/api/v1/namespaces/default/configmaps'
export const pods = '/api/v1/namespaces/default/pods'
export const services = '/api/v1/namespaces/default/services'
export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const rooms = '/apis/example.com/v1/namespaces/default/rooms'

/** An object of {@link definition}. */
export function room(name: string, spec: unknown = { map: 'dust' }): Record<string, unknown> {
  return { apiVersion: 'example.com/v1', kind: 'Room', metadata: { name }, spec }
}
