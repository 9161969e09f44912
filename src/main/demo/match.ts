import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { gameServerAllocations } from '../../allocation/answer.ts'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { type GameServer, gameServers } from '../../apis/agones.dev/game-server.ts'
import { labels } from '../../apis/agones.dev/labels.ts'
import { pods } from '../../apis/core/resources.generated.ts'
import { CliError, exitCode } from '../../cli/exit-code.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Check } from './checks.ts'
import { type ActResult, pause, type Stage, tagOf } from './stage.ts'

const fleet = 'arena'
const replicas = 3
const container = 'simple-game-server'
const newTag = '0.41'
const namespace = 'default'
const lookEveryMs = 50
const patienceMs = 40_000
const paceMs = 20

/** What is seen of a server and of its pod. */
interface Seen {
  readonly name: string
  readonly state: string
  readonly address: string
  readonly pod: string
  readonly container: string
  readonly version: string
}

/** Allocate, play, update while people play, end the match, and have the Fleet fill up again. */
export async function match(stage: Stage): Promise<ActResult> {
  const { client, signal } = stage
  stage.say('A match on a Fleet of Agones, updated in place while it is played (examples/agones/hot-update.yaml)')
  await stage.apply('agones/hot-update.yaml')
  const before = await watch(stage, `${replicas} Ready servers`, seen => seen.length === replicas && seen.every(isReady))

  const begun = performance.now()
  const spec = { selectors: [{ matchLabels: { [labels.fleet]: fleet } }] }
  const posted = await client.create(gameServerAllocations, { metadata: { namespace }, spec }, { signal })
  const took = Math.round(performance.now() - begun)
  const { gameServerName: played = '', state = '' } = posted.status ?? {}
  const at = before.find(({ name }) => name === played)
  stage.say(`    allocated ${played} at ${at?.address ?? 'no address'} in ${took} ms`)
  const player = await join(at?.address ?? '')

  await setTag(stage)
  stage.say(`    template → ${container}:${newTag}`)
  const isUpdated = (one: Seen): boolean => one.name === played || (one.version === newTag && isReady(one))
  const during = await watch(stage, 'new versions where nobody plays', seen => seen.length === replicas && seen.every(isUpdated))
  await pause(500, signal)
  const { sent, answered } = await player.leave()
  stage.say(`    the player leaves after ${sent} messages, and the match ends`)
  await player.end()
  const after = await watch(
    stage,
    'a full Fleet of the new version',
    seen => seen.length === replicas && seen.every(one => one.name !== played && one.version === newTag && isReady(one)),
  )

  const waiting = (seen: readonly Seen[]): Seen[] => seen.filter(({ name }) => name !== played)
  const same = (of: (seen: Seen) => string) => waiting(during).every(one => waiting(before).some(old => of(old) === of(one)))
  const untouched = during.find(({ name }) => name === played)
  const checks: Check[] = [
    { what: 'one server is allocated', ok: state === 'Allocated', seen: `${played}, ${took} ms` },
    {
      what: 'servers that wait run the new version',
      ok: waiting(during).every(({ version }) => version === newTag),
      seen: names(waiting(during)),
    },
    { what: 'in the same pods', ok: same(({ pod }) => pod), seen: `${waiting(during).length} of ${replicas - 1}` },
    {
      what: 'at the same addresses',
      ok: same(({ address }) => address),
      seen: waiting(during)
        .map(({ address }) => address)
        .join(', '),
    },
    {
      what: 'the played one is not touched',
      ok: untouched?.container === at?.container,
      seen: `${untouched?.version} in the container it had`,
    },
    { what: 'zero lost player messages', ok: sent > 0 && answered === sent, seen: `${sent} sent, ${sent - answered} lost` },
    { what: 'the Fleet fills up with the new version', ok: after.length === replicas, seen: names(after) },
  ]
  return { act: 'Match', checks, servers: after.map(({ name, address }) => ({ name, addresses: [`${address}/UDP`] })) }
}

const isReady = ({ state }: Seen): boolean => state === 'Ready'
const names = (seen: readonly Seen[]): string => seen.map(({ name }) => name).join(', ')

async function watch(stage: Stage, what: string, done: (seen: readonly Seen[]) => boolean): Promise<Seen[]> {
  const told = new Map<string, string>()
  const until = performance.now() + patienceMs
  for (;;) {
    const seen = await look(stage)
    for (const { name, state, address, version } of seen) {
      const line = `${name.padEnd(22)} ${state.padEnd(12)} ${address.padEnd(18)} ${version}`
      if (told.get(name) !== line) stage.say(`    ${line}`)
      told.set(name, line)
    }
    if (done(seen)) return seen
    if (performance.now() > until)
      throw new CliError(exitCode.timeout, `not within ${patienceMs / 1000} s: ${what} (${[...told.values()].join('; ')})`)
    await pause(lookEveryMs, stage.signal)
  }
}

async function look({ client, signal }: Stage): Promise<Seen[]> {
  const labelSelector = `${labels.fleet}=${fleet}`
  const [servers, allPods] = await Promise.all([
    client.list(gameServers, { namespace, labelSelector, signal }),
    client.list(pods, { namespace, signal }),
  ])
  const leaving = ({ status }: DeepReadonly<GameServer>): boolean => status?.state === 'Shutdown' || status?.state === 'Unhealthy'
  return servers.items
    .filter(server => !leaving(server))
    .map(({ metadata, status }) => {
      const pod = allPods.items.find(one => one.metadata.name === metadata.name)
      const game = pod?.status?.containerStatuses?.find(({ name }) => name === container)
      return {
        name: metadata.name,
        state: status?.state ?? '',
        address: `${status?.address ?? ''}:${status?.ports?.[0]?.port ?? ''}`,
        pod: pod?.metadata.uid ?? '',
        container: game?.containerID ?? '',
        version: tagOf(game?.image),
      }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function setTag({ client, signal }: Stage): Promise<void> {
  const current: DeepReadonly<Fleet> = await client.get(fleets, { namespace, name: fleet }, { signal })
  const image = current.spec.template.spec.template.spec?.containers[0]?.image?.replace(/:[^:/]*$/, `:${newTag}`)
  const path = '/spec/template/spec/template/spec/containers/0/image'
  await client.patch(fleets, { namespace, name: fleet }, [{ op: 'replace', path, value: image }], { type: 'json', signal })
}

interface MatchPlayer {
  /** Stops sending and waits for the last answers. */
  leave(): Promise<{ readonly sent: number; readonly answered: number }>
  /** Has the game end the match. */
  end(): Promise<void>
}

/** Sends numbered datagrams to a server that says them back. */
async function join(address: string): Promise<MatchPlayer> {
  const [host = '', port = ''] = address.split(':')
  const socket = createSocket('udp4')
  const answered = new Set<string>()
  let sent = 0
  socket.on('message', data => answered.add(data.toString()))
  socket.on('error', () => {
    // A refused datagram is one without an answer.
  })
  socket.connect(Number(port), host)
  await once(socket, 'connect')
  const pace = setInterval(() => socket.send(`move ${(sent += 1)}`), paceMs)
  return {
    async leave() {
      clearInterval(pace)
      for (let waits = 0; answered.size < sent && waits < 100; waits += 1) await new Promise(resolve => setTimeout(resolve, paceMs))
      return { sent, answered: answered.size }
    },
    async end() {
      await new Promise<void>(resolve => socket.send('EXIT', () => resolve()))
      socket.close()
    },
  }
}
