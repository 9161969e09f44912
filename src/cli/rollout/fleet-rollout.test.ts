import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agonesCustomResourceDefinitions } from '../../apis/agones.dev/custom-resource-definitions.ts'
import { type Fleet, fleets } from '../../apis/agones.dev/fleet.ts'
import { controllerrevisions, customresourcedefinitions } from '../../apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../../apis/core/types.generated.ts'
import { revisionData, revisionName, type ServerTemplate, templateHash } from '../../families/agones/revision.ts'
import type { New } from '../../kube/object.ts'
import { controllerReference } from '../../kube/owner-reference.ts'
import { startTestBerth, type TestBerth } from '../test-berth.ts'

let cluster: TestBerth
const at = (name: string) => ({ namespace: 'games', name })
const templateOf = (image: string): ServerTemplate => ({ spec: { template: { spec: { containers: [{ name: 'game', image }] } } } })

beforeAll(async () => {
  cluster = await startTestBerth()
  const definitions = agonesCustomResourceDefinitions as unknown as readonly New<CustomResourceDefinition>[]
  for (const definition of definitions) await cluster.client.create(customresourcedefinitions, definition)
  const spec = { replicas: 0, template: templateOf('g:2') }
  const fleet = await cluster.client.create(fleets, { metadata: at('rooms'), spec } as unknown as New<Fleet>)
  for (const [index, image] of ['g:1', 'g:2'].entries()) {
    const template = image === 'g:2' ? fleet.spec.template : templateOf(image)
    await cluster.client.create(controllerrevisions, {
      metadata: {
        ...at(revisionName('rooms', templateHash(template))),
        labels: { 'agones.dev/fleet': 'rooms' },
        ownerReferences: [controllerReference(fleet)],
      },
      data: revisionData(template),
      revision: index + 1,
    })
  }
})

afterAll(() => cluster[Symbol.asyncDispose]())

describe('berth rollout of a Fleet', () => {
  test('is asked for by fleet/NAME, however it is written, or by a name that no set has', async () => {
    for (const asked of ['fleet/rooms', 'Fleets/rooms', 'flt/rooms', 'fleets.agones.dev/rooms', 'fleet.v1.agones.dev/rooms', 'rooms'])
      expect(await cluster.run(`rollout status ${asked} --no-watch`)).toEqual({
        code: 0,
        err: '',
        out: 'rooms: done: 0 of 0 servers ready\n',
      })
    expect(await cluster.run('rollout status fleet/nope')).toMatchObject({
      code: 3,
      err: 'berth: there is no Fleet nope in namespace games\n',
    })
    expect(await cluster.run('rollout status gss/rooms')).toMatchObject({
      code: 3,
      err: 'berth: there is no game server set rooms in namespace games\n',
    })
    expect(JSON.parse((await cluster.run('rollout status fleet/rooms -o json')).out)).toMatchObject({ isDone: true, wanted: 0 })
  })

  test('shows its history, and one template in full', async () => {
    const { out } = await cluster.run('rollout history fleet/rooms')
    expect(out.split('\n').map(line => line.split(/ {2,}/))).toEqual([
      ['REVISION', 'NAME', 'SERVERS', 'AGE', 'IMAGES'],
      ['2', expect.stringMatching(/^rooms-\w{10}$/), '0', expect.any(String), 'game=g:2'],
      ['1', expect.stringMatching(/^rooms-\w{10}$/), '0', expect.any(String), 'game=g:1'],
      [''],
    ])
    expect((await cluster.run('rollout history fleet/rooms --revision 1')).out).toContain('image: g:1')
    expect(await cluster.run('rollout history fleet/rooms --revision 7')).toMatchObject({ code: 3 })
  })

  test('goes back, unless it is there already', async () => {
    const image = async () => (await cluster.client.get(fleets, at('rooms'))).spec.template.spec.template.spec?.containers[0]?.image
    expect((await cluster.run('rollout undo fleet/rooms --dry-run')).out).toMatch(
      /^rooms: revision 1 .* is wanted again \(server dry run\)\n$/,
    )
    expect(await image()).toBe('g:2')
    expect(await cluster.run('rollout undo fleet/rooms --to-revision 9')).toMatchObject({
      code: 3,
      err: 'berth: rooms has no revision 9; there are: 1, 2\n',
    })
    expect((await cluster.run('rollout undo fleet/rooms --to-revision 2')).out).toMatch(/is what the Fleet asks for already\n$/)
    expect((await cluster.run('rollout undo fleet/rooms')).code).toBe(0)
    expect(await image()).toBe('g:1')
  })

  test('pauses by an annotation, and goes on', async () => {
    const paused = async () => (await cluster.client.get(fleets, at('rooms'))).metadata.annotations?.['berth.dev/paused']
    expect((await cluster.run('rollout pause fleet/rooms')).out).toBe('rooms paused\n')
    expect(await paused()).toBe('true')
    expect((await cluster.run('rollout resume fleet/rooms')).out).toBe('rooms resumed\n')
    expect(await paused()).toBeUndefined()
  })
})
