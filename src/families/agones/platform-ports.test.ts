import { describe, expect, it } from 'vitest'
import { HostPortAssigner } from '../../../test/harness/host-port-assigner.ts'
import {
  apiServer,
  at,
  client,
  counted,
  createFleet,
  createServer,
  createSet,
  eventually,
  inState,
  playGames,
  restartFamily,
  sdk,
  serverOf,
  useInProcessAgones,
  writes,
} from '../../../test/harness/in-process-agones.ts'
import { fleets } from '../../apis/agones.dev/fleet.ts'
import { gameServers } from '../../apis/agones.dev/game-server.ts'
import { SeededRandom } from '../../../test/harness/faults-random.ts'
import { events, pods } from '../../apis/core/resources.generated.ts'
import type { Pod } from '../../apis/core/types.generated.ts'
import { gkeAutopilot } from './cloud-product/gke-autopilot.ts'
import { passthroughChange } from './cloud-product/passthrough.ts'
import { autopilotPassthrough } from './cloud-product/settings.ts'
import { applyJsonPatch } from '../../kube/patch/json-patch.ts'

useInProcessAgones(gkeAutopilot({ range: { min: 7500, max: 7599 }, passthrough: autopilotPassthrough, extendedDurationPods: true }))

/** The platform's step of admission, and ours behind it. */
function onAutopilot(): void {
  const assigner = new HostPortAssigner('autopilot.gke.io/host-port-assignment')
  apiServer().registerAdmission({
    name: 'platform',
    matches: ({ type }, operation, subresource) => type.plural === 'pods' && operation === 'CREATE' && subresource === undefined,
    mutate({ object }) {
      if (object === undefined) return undefined
      const admitted = assigner.admit(object as unknown as Pod)
      if (typeof admitted === 'string') return { denied: admitted }
      const change = passthroughChange(admitted)
      Object.assign(object, applyJsonPatch(admitted, 'steps' in change ? change.steps : []))
      return undefined
    },
  })
}

const podOf = (name: string) => client.get(pods, at(name))
const ports = [
  { name: 'game', containerPort: 7654 },
  { name: 'voice', portPolicy: 'Passthrough' as const },
  { name: 'query', containerPort: 80, protocol: 'TCPUDP' as const },
]

describe('a GameServer where the platform assigns host ports', () => {
  it('says the ports that its pod was given, with no more writes than elsewhere', async () => {
    onAutopilot()
    await createServer('room', { ports })
    const { spec, status } = await inState('room', 'Scheduled')
    const pod = await podOf('room')
    const given = pod.spec?.containers[0]?.ports?.map(({ hostPort }) => hostPort ?? 0) ?? []
    for (const port of given) expect(port).toSatisfy((one: number) => one >= 7500 && one <= 7599)
    expect(status?.ports).toEqual(['game', 'voice', 'query-tcp', 'query-udp'].map((name, index) => ({ name, port: given[index] })))
    expect(new Set(given).size).toBe(3)
    expect(spec.ports?.map(({ hostPort }) => hostPort)).toEqual(given)
    expect(spec.ports?.[1]).toMatchObject({ portPolicy: 'Passthrough', containerPort: given[1], hostPort: given[1] })
    expect(pod.spec?.containers[0]?.ports?.[1]).toMatchObject({ containerPort: given[1], hostPort: given[1] })
    await sdk('room', 'RequestReady')
    await inState('room', 'Ready')
    const ours = writes.filter(write => /pods$|gameservers/.test(write))
    expect(ours).toEqual([
      'POST gameservers',
      'PATCH gameservers',
      'POST pods',
      'PATCH gameservers',
      'PATCH gameservers',
      'PATCH gameservers',
    ])
  })

  it('keeps them when the controllers start again', async () => {
    onAutopilot()
    using _games = playGames()
    await createSet('rooms', 3, { ports })
    const before = await counted('rooms', { Ready: 3 })
    await restartFamily()
    await createServer('after', { ports })
    await inState('after', 'Ready')
    const after = await counted('rooms', { Ready: 3 })
    expect(after.map(({ spec, status }) => [spec.ports, status?.ports])).toEqual(
      before.map(({ spec, status }) => [spec.ports, status?.ports]),
    )
    const all = after.flatMap(({ status }) => status?.ports?.filter(({ name }) => name !== 'query-udp').map(({ port }) => port) ?? [])
    expect(new Set(all).size).toBe(9)
  })

  it('says what its pod has, whenever the controllers are killed', { timeout: 40_000 }, async () => {
    onAutopilot()
    using _games = playGames()
    const random = new SeededRandom(7)
    await createFleet('arena', 1, {
      template: { spec: { ports, template: { spec: { containers: [{ name: 'game', image: 'game:1' }] } } } },
    })
    for (let round = 0; round < 25; round += 1) {
      await new Promise(resolve => setTimeout(resolve, random.between(0, 40)))
      await client.patch(fleets, at('arena'), { spec: { replicas: round + 1 } }, { type: 'merge' })
      await restartFamily()
      for (const { metadata, status } of (await client.list(gameServers)).items) {
        if ((status?.ports ?? []).length === 0) continue
        const { spec } = await podOf(metadata.name)
        const published = status?.ports?.map(({ port }) => port)
        expect(published, `round ${round}: ${metadata.name}`).toEqual(spec?.containers[0]?.ports?.map(({ hostPort }) => hostPort))
      }
    }
    await eventually(async () => {
      const states = (await client.list(gameServers)).items.map(({ status }) => status?.state)
      expect(states).toEqual(Array(25).fill('Ready'))
    }, 20_000)
  })

  it('waits where the platform says nothing, and says why', async () => {
    await createServer('silent', { ports: [{ name: 'game', containerPort: 7654 }] })
    await eventually(async () => {
      const told = (await client.list(events)).items.filter(({ involvedObject }) => involvedObject.name === 'silent')
      expect(told.find(({ type }) => type === 'Warning')).toMatchObject({
        reason: 'PortAllocation',
        message: expect.stringMatching(
          /assigned no host port to port "game".*host-port-assignment of the pod is \{"min":7500,"max":7599\}/,
        ),
      })
    })
    const { state, ports: published } = (await serverOf('silent')).status ?? {}
    expect([state, published ?? []]).toEqual(['Creating', []])
  })

  it('goes to Error when the platform refuses its pod', async () => {
    onAutopilot()
    const fixed = [{ name: 'game', containerPort: 7654, hostPort: 7654, portPolicy: 'Static' as const }]
    await createSet('refused', 1, { ports: fixed })
    await eventually(async () => {
      const told = (await client.list(events)).items.filter(
        ({ involvedObject, reason }) => involvedObject.kind === 'GameServer' && reason === 'Error',
      )
      expect(told.map(({ message }) => message)).toContainEqual(expect.stringContaining('hostPort 7654 is not allowed here'))
    })
  })
})
