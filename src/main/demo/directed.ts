import { gameServers } from '../../apis/game.kruise.io/game-server.ts'
import { versionChecks } from './checks.ts'
import { askVersions, factsOf, imageOf, isUp } from './observe.ts'
import { type ActResult, raise, resultOf, type Stage, versionLine, watchServers } from './stage.ts'

const set = 'minecraft-directed'
const container = 'minecraft'
const chosen = `${set}-1`

/** One server of a set gets another image by its own `GameServer.spec.containers`; the others are left alone. */
export async function directed(stage: Stage): Promise<ActResult> {
  stage.say('2. Directed update of one server (examples/minecraft-directed)')
  const before = await raise(stage, 'minecraft-directed', set, 3)
  const image = imageOf(before[0] ?? missing(), container)?.replace(/:[^:/]*$/, ':1.13.0') ?? ''
  await stage.client.patch(
    gameServers,
    { namespace: 'default', name: chosen },
    { spec: { containers: [{ name: container, image }] } },
    { type: 'merge' },
  )
  stage.say(`    ${chosen} → ${image}`)
  const after = await watchServers(stage, set, `${chosen} runs 1.13.0`, versionLine(container), servers =>
    servers.every(server => isUp(server) && (server.name !== chosen || imageOf(server, container) === image)),
  )
  const answered = await askVersions(after, stage.signal)
  const [old, now] = [factsOf(before, container), factsOf(after, container)]
  const others = (facts: typeof old): string => JSON.stringify(facts.filter(server => server.name !== chosen))
  const uidOf = (facts: typeof old): string | undefined => facts.find(server => server.name === chosen)?.uid
  return resultOf('directed update', after, [
    versionChecks('the chosen server answers as 1.13.0', new Map([[chosen, '1.13.0']]), answered),
    versionChecks(
      'the others answer as 1.12.2',
      new Map(after.filter(server => server.name !== chosen).map(({ name }) => [name, '1.12.2'])),
      answered,
    ),
    { what: 'same pod UID of the chosen server', ok: uidOf(old) !== undefined && uidOf(old) === uidOf(now), seen: String(uidOf(now)) },
    {
      what: 'the others were not touched',
      ok: others(old) === others(now),
      seen: `${old.length - 1} servers with the same pod, container and address`,
    },
  ])
}

function missing(): never {
  throw new Error(`${set} has no servers`)
}
