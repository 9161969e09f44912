import { gameServerSets } from '../../apis/game.kruise.io/game-server-set.ts'
import { versionChecks } from './checks.ts'
import { askVersions, factsOf, isUp } from './observe.ts'
import { type ActResult, pause, raise, resultOf, setTag, type Stage, versionLine, watchServers } from './stage.ts'

const set = 'minecraft'
const container = 'minecraft'

/** How long nothing may happen after the edit, in milliseconds. */
const quietMs = 1500

/** `OnDelete`: a new image reaches nobody who plays; servers that are added run it. */
export async function onDelete(stage: Stage): Promise<ActResult> {
  stage.say('3. OnDelete: old servers stay, new ones run the new version (examples/minecraft)')
  const before = await raise(stage, 'minecraft', set, 3)
  const image = await setTag(stage, set, container, '1.13.0')
  stage.say(`    template → ${image}`)
  await pause(quietMs, stage.signal)
  const unmoved = await askVersions(before, stage.signal)
  await stage.client.patch(gameServerSets, { namespace: 'default', name: set }, { spec: { replicas: 5 } }, { type: 'merge' })
  stage.say('    replicas → 5')
  const after = await watchServers(
    stage,
    set,
    'five servers with addresses',
    versionLine(container),
    servers => servers.length === 5 && servers.every(isUp),
  )
  const answered = await askVersions(after, stage.signal)
  const names = before.map(server => server.name)
  const [old, now] = [factsOf(before, container), factsOf(after, container).filter(server => names.includes(server.name))]
  return resultOf('OnDelete', after, [
    versionChecks('nobody changes when the image is edited', new Map(names.map(name => [name, '1.12.2'])), unmoved),
    { what: 'old servers stay as they were', ok: JSON.stringify(old) === JSON.stringify(now), seen: names.join(', ') },
    versionChecks(
      'scaled-out servers run 1.13.0',
      new Map(after.filter(server => !names.includes(server.name)).map(({ name }) => [name, '1.13.0'])),
      answered,
    ),
  ])
}
