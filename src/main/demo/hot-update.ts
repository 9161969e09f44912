import { hotUpdateChecks } from './checks.ts'
import { factsOf, imageOf, isUp, type SeenServer } from './observe.ts'
import { type Player, udpPlayer, webSocketPlayer } from './player.ts'
import { type ActResult, pause, raise, resultOf, setTag, type Stage, versionLine, watchServers } from './stage.ts'

const set = 'gss-2048'
const game = 'app-2048'
const sidecar = 'sidecar'
const version = 'v2.0'

/** How long people play before the update, and on the new content after it, in milliseconds. */
const playMs = 1000

/** The main job: a sidecar's image is replaced in place while people play on WebSocket and UDP. */
export async function hotUpdate(stage: Stage): Promise<ActResult> {
  stage.say('1. Hot update of a sidecar while people play (examples/2048)')
  const before = await raise(stage, '2048', set, 3)

  const players: Player[] = []
  try {
    for (const server of before) await join(server, players)
    stage.say(`    ${players.length} players connected through the public addresses`)
    await pause(playMs, stage.signal)
    const image = await setTag(stage, set, sidecar, version)
    stage.say(`    sidecar → ${image}`)
    const isNew = (server: SeenServer): boolean => isUp(server) && imageOf(server, sidecar) === image
    const after = await watchServers(
      stage,
      set,
      `every sidecar runs ${version}`,
      versionLine(sidecar),
      servers => servers.length === 3 && servers.every(isNew),
    )
    await pause(playMs, stage.signal)
    const reports = await Promise.all(players.map(player => player.stop()))
    return resultOf('hot update', after, hotUpdateChecks(factsOf(before, game, sidecar), factsOf(after, game, sidecar), reports, version))
  } finally {
    await Promise.all(players.map(player => player.stop()))
  }
}

/** A player on each protocol; who has joined is noted at once, so that everybody leaves in the end, come what may. */
async function join(server: SeenServer, players: Player[]): Promise<void> {
  const at = (protocol: string): { host: string; port: number } => {
    const endpoint = server.endpoints.find(one => one.protocol === protocol)
    if (endpoint === undefined) throw new Error(`${server.name} has no ${protocol} address`)
    return endpoint
  }
  const [tcp, udp] = [at('TCP'), at('UDP')]
  players.push(await webSocketPlayer(tcp.host, tcp.port))
  players.push(await udpPlayer(udp.host, udp.port))
}
