/** The services of the SDK as plain functions on messages: what gRPC and REST have in common. */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { SdkError } from './counters.ts'
import { gameServerMessage } from './messages.ts'
import { SDK as AlphaService } from './protocol/alpha.generated.ts'
import { type Counter, CounterSchema, type List, ListSchema, SDK as BetaService } from './protocol/beta.generated.ts'
import { EmptySchema, SDK as CoreService, type GameServer } from './protocol/sdk.generated.ts'
import type * as beta from './protocol/beta.generated.ts'
import type * as core from './protocol/sdk.generated.ts'
import type { Sdk } from './sdk.ts'

export { AlphaService, BetaService, CoreService }

/** What runs while a call does. */
export interface Call {
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal
}

const empty = () => create(EmptySchema)

export function coreService(sdk: Sdk) {
  return {
    ready: (): core.Empty => (sdk.ready(), empty()),
    allocate: (): core.Empty => (sdk.allocate(), empty()),
    shutdown: (): core.Empty => (sdk.shutdown(), empty()),
    async health(pings: AsyncIterable<core.Empty>): Promise<core.Empty> {
      for await (const _ping of pings) sdk.ping()
      return empty()
    },
    getGameServer: async (_request: core.Empty, { signal }: Call): Promise<GameServer> => gameServerMessage(await sdk.gameServer(signal)),
    watchGameServer: (_request: core.Empty, { signal }: Call): AsyncIterable<GameServer> => watch(sdk, signal),
    setLabel: ({ key, value }: core.KeyValue): core.Empty => (sdk.setLabel(key, value), empty()),
    setAnnotation: ({ key, value }: core.KeyValue): core.Empty => (sdk.setAnnotation(key, value), empty()),
    reserve: ({ seconds }: core.Duration): core.Empty => (sdk.reserve(Number(seconds)), empty()),
  }
}

/** The server as it is, and again whenever it changes; versions that come faster than they are read are left out. */
async function* watch(sdk: Sdk, signal: AbortSignal): AsyncIterable<GameServer> {
  let news = Promise.withResolvers<void>()
  const wake = (): void => news.resolve()
  using _subscription = sdk.watch(wake)
  signal.addEventListener('abort', wake, { once: true })
  while (!signal.aborted) {
    yield gameServerMessage(sdk.current())
    await news.promise
    news = Promise.withResolvers<void>()
  }
}

/** Player tracking is not there; callers hear it in the words of Agones. */
export function alphaService() {
  const off = (): never => {
    throw new SdkError('PlayerTracking not enabled')
  }
  return {
    playerConnect: off,
    playerDisconnect: off,
    setPlayerCapacity: off,
    getPlayerCapacity: off,
    getPlayerCount: off,
    isPlayerConnected: off,
    getConnectedPlayers: off,
  }
}

export function betaService(sdk: Sdk) {
  return {
    getCounter: ({ name }: beta.GetCounterRequest): Counter => counter(name, sdk.counter(name)),
    updateCounter({ counterUpdateRequest: request }: beta.UpdateCounterRequest): Counter {
      const { name = '', count, capacity, countDiff = 0n } = request ?? {}
      return counter(
        name,
        sdk.updateCounter(name, {
          difference: Number(countDiff),
          ...(count !== undefined && { count: Number(count) }),
          ...(capacity !== undefined && { capacity: Number(capacity) }),
        }),
      )
    },
    getList: ({ name }: beta.GetListRequest): List => list(name, sdk.list(name)),
    updateList({ list: wanted, updateMask }: beta.UpdateListRequest): List {
      const { name = '', capacity = 0n, values = [] } = wanted ?? {}
      const paths = new Set(updateMask?.paths)
      return list(
        name,
        sdk.updateList(name, { ...(paths.has('capacity') && { capacity: Number(capacity) }), ...(paths.has('values') && { values }) }),
      )
    },
    addListValue: ({ name, value }: beta.AddListValueRequest): List => list(name, sdk.addListValue(name, value)),
    removeListValue: ({ name, value }: beta.RemoveListValueRequest): List => list(name, sdk.removeListValue(name, value)),
  }
}

function counter(name: string, { count, capacity }: { count: number; capacity: number }): Counter {
  return create(CounterSchema, { name, count: BigInt(count), capacity: BigInt(capacity) } satisfies MessageInitShape<typeof CounterSchema>)
}

function list(name: string, { capacity, values }: { capacity: number; values: readonly string[] }): List {
  return create(ListSchema, { name, capacity: BigInt(capacity), values: [...values] })
}
