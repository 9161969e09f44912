import { type GameServerSet, gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { CliError, exitCode } from '../../cli/exit-code.ts'
import type { Client } from '../../kube/client.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Check } from './checks.ts'
import { imageOf, isUp, type SeenServer, serversOf } from './observe.ts'

/** What an act of the demonstration has: a cluster, a voice, and patience. */
export interface Stage {
  readonly client: Client
  readonly signal: AbortSignal
  /** A line for people. */
  say(line: string): void
  /** Applies a file or folder of the examples. */
  apply(example: string): Promise<void>
}

export interface ActResult {
  readonly act: string
  readonly servers: readonly { readonly name: string; readonly addresses: readonly string[] }[]
  readonly checks: readonly Check[]
}

const lookEveryMs = 50
const patienceMs = 40_000

/** Looks at a set's servers again and again, tells of each change, until `done`. */
export async function watchServers(
  stage: Stage,
  set: string,
  what: string,
  line: (server: SeenServer) => string,
  done: (servers: readonly SeenServer[]) => boolean,
): Promise<SeenServer[]> {
  const told = new Map<string, string>()
  const until = performance.now() + patienceMs
  for (;;) {
    const servers = await serversOf(stage.client, set)
    for (const server of servers) {
      const text = line(server)
      if (told.get(server.name) !== text) stage.say(`    ${text}`)
      told.set(server.name, text)
    }
    if (done(servers)) return servers
    if (performance.now() > until)
      throw new CliError(exitCode.timeout, `not within ${patienceMs / 1000} s: ${what} (${[...told.values()].join('; ')})`)
    await pause(lookEveryMs, stage.signal)
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Applies an example and waits until its set has `count` servers, each Ready and with its addresses. */
export async function raise(stage: Stage, example: string, set: string, count: number): Promise<SeenServer[]> {
  await stage.apply(example)
  return watchServers(
    stage,
    set,
    `${count} servers with addresses`,
    addressLine,
    servers => servers.length === count && servers.every(isUp),
  )
}

/** `gss-2048-0   Ready   127.64.16.1:32768/TCP 127.64.16.1:32769/UDP`. */
export function addressLine(server: SeenServer): string {
  const addresses = server.endpoints.map(({ host, port, protocol }) => `${host}:${port}/${protocol}`)
  return `${server.name.padEnd(22)} ${server.state.padEnd(9)} ${addresses.join('  ')}`
}

/** The same with the version a container runs. */
export function versionLine(container: string): (server: SeenServer) => string {
  return server => `${server.name.padEnd(22)} ${server.state.padEnd(9)} ${container} ${tagOf(imageOf(server, container))}`
}

export function tagOf(image: string | undefined): string {
  return image === undefined ? '–' : image.slice(image.lastIndexOf(':') + 1)
}

interface TemplateContainer {
  readonly name: string
  readonly image?: string
}

/** Gives one container of the set's template another tag, as `kubectl patch` would. Returns the new image. */
export async function setTag(stage: Stage, set: string, container: string, tag: string): Promise<string> {
  const ref = { namespace: 'default', name: set }
  const current: DeepReadonly<GameServerSet> = await stage.client.get(gameServerSets, ref, { signal: stage.signal })
  const spec = current.spec.gameServerTemplate?.spec as { containers: TemplateContainer[] } | undefined
  const index = spec?.containers.findIndex(one => one.name === container) ?? -1
  const image = `${spec?.containers[index]?.image?.replace(/:[^:/]*$/, '')}:${tag}`
  const path = `/spec/gameServerTemplate/spec/containers/${index}/image`
  await stage.client.patch(gameServerSets, ref, [{ op: 'replace', path, value: image }], { type: 'json', signal: stage.signal })
  return image
}

export function resultOf(act: string, servers: readonly SeenServer[], checks: readonly Check[]): ActResult {
  return {
    act,
    checks,
    servers: servers.map(server => ({
      name: server.name,
      addresses: server.endpoints.map(({ host, port, protocol }) => `${host}:${port}/${protocol}`),
    })),
  }
}
