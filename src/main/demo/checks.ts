import type { PlayerReport } from './player.ts'

/** What is seen of one server at one moment. */
export interface ServerFacts {
  readonly name: string
  readonly uid: string
  readonly address: string
  readonly game: ContainerFacts
  readonly sidecar?: ContainerFacts
}

export interface ContainerFacts {
  readonly id: string
  readonly image: string
  readonly restarts: number
}

/** One statement of the demonstration, and whether it is true. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  /** What was seen. */
  readonly seen: string
}

const list = (values: Iterable<string | number>): string => [...new Set(values)].join(', ')

function same(what: string, before: readonly ServerFacts[], after: readonly ServerFacts[], of: (server: ServerFacts) => string): Check {
  const changed = after.filter(server => !before.some(old => old.name === server.name && of(old) === of(server)))
  const missing = before.filter(old => !after.some(server => server.name === old.name))
  const wrong = [...changed, ...missing].map(server => server.name)
  return {
    what,
    ok: wrong.length === 0 && after.length > 0,
    seen: wrong.length === 0 ? `all ${after.length} servers` : `not ${list(wrong)}`,
  }
}

/** The statements about a hot update of the sidecar to `version`. */
export function hotUpdateChecks(
  before: readonly ServerFacts[],
  after: readonly ServerFacts[],
  players: readonly PlayerReport[],
  version: string,
): Check[] {
  const processes = players.map(player => player.processes.length)
  const restarts = after.map(server => server.game.restarts)
  const sidecars = after.map(server => server.sidecar?.restarts ?? -1)
  const sent = players.reduce((sum, player) => sum + player.sent, 0)
  const lost = players.reduce((sum, player) => sum + player.sent - player.acknowledged, 0)
  const disconnects = players.reduce((sum, player) => sum + player.disconnects, 0)
  return [
    same('same pod UID', before, after, server => server.uid),
    {
      what: 'same game process id',
      ok: players.length > 0 && processes.every(count => count === 1),
      seen: `one process answered each of ${players.length} players throughout`,
    },
    same('same game container', before, after, server => server.game.id),
    { what: 'game restart count 0', ok: restarts.every(count => count === 0), seen: list(restarts) },
    { what: 'sidecar restart count 1', ok: sidecars.every(count => count === 1), seen: list(sidecars) },
    same('same address', before, after, server => server.address),
    { what: 'zero lost player messages', ok: lost === 0 && sent > 0, seen: `${sent} sent, ${lost} lost` },
    { what: 'no connection broken', ok: disconnects === 0, seen: `${disconnects} broken` },
    {
      what: `new content served (${version})`,
      ok: players.every(player => player.versions.at(-1) === version),
      seen: list(players.map(player => player.versions.join(' → '))),
    },
  ].map(check => (check.what === 'same game process id' && !check.ok ? { ...check, seen: `${list(processes)} processes answered` } : check))
}

/** That exactly the servers named in `versions` answer with these versions, and whose pods are the ones they were. */
export function versionChecks(what: string, expected: ReadonlyMap<string, string>, answered: ReadonlyMap<string, string>): Check {
  const wrong = [...expected].filter(([name, version]) => answered.get(name) !== version)
  return {
    what,
    ok: wrong.length === 0 && expected.size > 0,
    seen: [...expected.keys()].map(name => `${name} ${answered.get(name) ?? 'does not answer'}`).join(', '),
  }
}
