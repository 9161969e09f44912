import { describe, expect, it } from 'vitest'
import type { ParameterValidator } from '../../../addresses/parameter-validator.ts'
import type { GameServer } from '../../../apis/game.kruise.io/game-server.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { ignoredParts } from './ignored.ts'
import { overrideProblems, validateGameServerSet } from './validate.ts'

const container = (more: object = {}) => ({ name: 'game', image: 'game:1', ...more })
const setOf = (spec: object = {}, name = 'g'): GameServerSet =>
  ({
    apiVersion: 'game.kruise.io/v1alpha1',
    kind: 'GameServerSet',
    metadata: { name },
    spec: { replicas: 1, gameServerTemplate: { spec: { containers: [container()] } }, ...spec },
  }) as unknown as GameServerSet
const template = (spec: object) => ({ gameServerTemplate: { spec } })
const network = (networkType: string, name = 'ok') => ({ network: { networkType, networkConf: [{ name, value: 'v' }] } })
const inPlaceOnly = { updateStrategy: { rollingUpdate: { podUpdatePolicy: 'InPlaceOnly' } } }

const validate: ParameterValidator['validate'] = (provider, parameters) => {
  if (provider !== 'Known') return [{ name: provider, message: 'unknown; did you mean Known?' }]
  return parameters.flatMap(({ name }, index) => (name === 'ok' ? [] : [{ index, name, message: 'unknown parameter' }]))
}
const problems = (set: GameServerSet, old?: GameServerSet): string[] =>
  validateGameServerSet(set, old, { providers: ['Known'], validate }).map(({ type, field }) => `${type.replace('FieldValue', '')} ${field}`)

describe('validateGameServerSet', () => {
  it.each<[string, GameServerSet, GameServerSet | undefined, string[]]>([
    ['a good one', setOf({ reserveGameServerIds: [1, '4-6'], ...network('Known') }), undefined, []],
    ['a name that leaves no room', setOf({}, 'x'.repeat(53)), undefined, ['Invalid metadata.name']],
    [
      'reserve ids',
      setOf({ reserveGameServerIds: ['6-4', 3, '2-4', -1] }),
      undefined,
      ['Invalid spec.reserveGameServerIds[0]', 'Duplicate spec.reserveGameServerIds[2]', 'Invalid spec.reserveGameServerIds[3]'],
    ],
    [
      'template metadata that no pod can have',
      setOf({
        gameServerTemplate: {
          metadata: { labels: { team: 'a/b', ok: '' }, annotations: { 'my key': 'x', 'a.b/c': 'any text' } },
          spec: { containers: [container()] },
        },
      }),
      undefined,
      ['Invalid spec.gameServerTemplate.metadata.labels[team]', 'Invalid spec.gameServerTemplate.metadata.annotations'],
    ],
    ['no containers', setOf(template({})), undefined, ['Required spec.gameServerTemplate.spec.containers']],
    [
      'no image',
      setOf(template({ containers: [container({ image: '' })] })),
      undefined,
      ['Required spec.gameServerTemplate.spec.containers[0].image'],
    ],
    [
      'two of a name',
      setOf(template({ containers: [container(), container()] })),
      undefined,
      ['Duplicate spec.gameServerTemplate.spec.containers[1].name'],
    ],
    [
      'a restart policy',
      setOf(template({ restartPolicy: 'Never', containers: [container()] })),
      undefined,
      ['NotSupported spec.gameServerTemplate.spec.restartPolicy'],
    ],
    ['an unknown network', setOf(network('Nown')), undefined, ['Invalid spec.network.networkType']],
    ['no network type', setOf(network('')), undefined, ['Required spec.network.networkType']],
    ['an unknown parameter', setOf(network('Known', 'oh')), undefined, ['Invalid spec.network.networkConf[0]']],
    ['another network type', setOf(network('Known')), setOf(network('Other')), ['Forbidden spec.network.networkType']],
    ['a network taken away', setOf(), setOf(network('Known')), []],
    [
      'InPlaceOnly and an image',
      setOf({ ...inPlaceOnly, ...template({ containers: [container({ image: 'game:2' })] }) }),
      setOf(inPlaceOnly),
      [],
    ],
    [
      'InPlaceOnly and a variable',
      setOf({ ...inPlaceOnly, ...template({ containers: [container({ env: [] })] }) }),
      setOf(inPlaceOnly),
      ['Forbidden spec.gameServerTemplate.spec.containers[0].env'],
    ],
  ])('%s', (_, set, old, expected) => {
    expect(problems(set, old)).toEqual(expected)
  })
})

describe('what is accepted and changes nothing', () => {
  it('names parts of the spec that are not acted upon', () => {
    expect(ignoredParts(setOf().spec)).toEqual([])
    const spec = setOf({ serviceQualities: [{}], lifecycle: { preDelete: { markPodNotReady: true }, preNormal: {} } }).spec
    expect(ignoredParts(spec)).toEqual(['spec.serviceQualities', 'spec.lifecycle.preNormal', 'spec.lifecycle.preDelete.markPodNotReady'])
  })

  it('names overrides of containers that do not exist', () => {
    const server = {
      metadata: { name: 'g-0' },
      spec: {
        containers: [
          { name: 'game', image: 'x' },
          { name: 'gmae', image: 'x' },
        ],
      },
    } as unknown as GameServer
    expect(overrideProblems(setOf(), [server])).toEqual(['GameServer g-0: spec.containers[1].name: there is no container gmae'])
  })
})
