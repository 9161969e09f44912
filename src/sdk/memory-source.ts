import type { GameServer } from '../apis/agones.dev/game-server.ts'
import type { DeepReadonly } from '../kube/object.ts'
import { type GameServerSource, StaleError } from './game-server-source.ts'
import type { JsonPatchStep } from './pending.ts'

/** A GameServer in memory: for developers without a cluster. */
export class MemorySource implements GameServerSource {
  readonly #listeners = new Set<() => void>()
  #current: GameServer

  constructor(server: GameServer) {
    this.#current = server
  }

  current(): DeepReadonly<GameServer> {
    return this.#current
  }

  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Somebody else writes; members of the status replace those that are there. */
  change({ metadata, status }: { readonly metadata?: Partial<GameServer['metadata']>; readonly status?: GameServer['status'] }): void {
    this.#set({
      ...this.#current,
      metadata: { ...this.#current.metadata, ...metadata },
      status: { ...this.#current.status, ...status },
    })
  }

  patch(steps: readonly JsonPatchStep[]): Promise<DeepReadonly<GameServer>> {
    const version = steps.find(({ op }) => op === 'test')?.value
    if (version !== this.#current.metadata.resourceVersion) return Promise.reject(new StaleError('the GameServer has changed meanwhile'))
    const next = structuredClone(this.#current)
    for (const { op, path, value } of steps) if (op !== 'test') put(next, path, value)
    this.#set(next)
    return Promise.resolve(next)
  }

  #set(server: GameServer): void {
    const { resourceVersion, generation = 0 } = server.metadata
    const version = String((Number(resourceVersion.replace(/^v/, '')) || 0) + 1)
    this.#current = { ...server, metadata: { ...server.metadata, resourceVersion: version, generation: generation + 1 } }
    for (const listener of this.#listeners) listener()
  }
}

/** Sets the member a JSON pointer names. */
function put(object: object, pointer: string, value: unknown): void {
  const path = pointer
    .slice(1)
    .split('/')
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = path.pop() ?? ''
  let at = object as Record<string, unknown>
  for (const name of path) at = (at[name] ??= {}) as Record<string, unknown>
  at[last] = value
}
