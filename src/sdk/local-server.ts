/** The GameServer of a developer who has no cluster. Pure. Values of the default one: Agones, whose SDKs' own tests rely on them. */
import { parse } from 'yaml'
import type { GameServer } from '../apis/agones.dev/game-server.ts'

export function localServer(uid = '1234', createdAt = new Date()): GameServer {
  return {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata: {
      name: 'local',
      namespace: 'default',
      uid,
      generation: 1,
      resourceVersion: 'v1',
      creationTimestamp: createdAt.toISOString(),
      labels: { islocal: 'true' },
      annotations: { annotation: 'true' },
    },
    spec: { template: {}, health: { disabled: false, periodSeconds: 3, failureThreshold: 5, initialDelaySeconds: 10 } },
    status: {
      state: 'Ready',
      address: '127.0.0.1',
      ports: [{ name: 'default', port: 7777 }],
      counters: { rooms: { count: 1, capacity: 10 } },
      lists: { players: { values: ['test0', 'test1', 'test2'], capacity: 100 } },
    },
  }
}

/** The server that a developer wrote down, in YAML or JSON; what it leaves out it has from `base`. Throws an Error that says what is wrong. */
export function readServer(text: string, base: GameServer): GameServer {
  const given = parse(text) as Partial<GameServer> | null
  if (given === null || typeof given !== 'object' || given.kind !== 'GameServer') throw new Error('it has to be a GameServer')
  const { metadata, spec, status } = given
  // Counters and lists of the spec are what the status begins with.
  const begun = { ...(spec?.counters && { counters: spec.counters }), ...(spec?.lists && { lists: spec.lists }) }
  return {
    ...base,
    metadata: { ...base.metadata, ...metadata },
    spec: { ...base.spec, ...spec },
    status: { ...base.status, ...(begun as object), ...status } as NonNullable<GameServer['status']>,
  }
}
