import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod } from '../../../apis/core/types.generated.ts'
import { applyJsonPatch } from '../../../kube/patch/json-patch.ts'
import type { AdmissionRequest } from '../../../kube/webhook/admission-review.ts'
import { passthroughHandler } from './passthrough-webhook.ts'
import { autopilotPassthrough } from './settings.ts'

const note = 'agones.dev/container-passthrough-port-assignment'
const marked = { [autopilotPassthrough.key]: autopilotPassthrough.value }

const podWith = (assignment: string | undefined, spec: object, labels: Record<string, string> = marked): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'room', namespace: 'games', labels, annotations: assignment === undefined ? {} : { [note]: assignment } },
    spec: { containers: [], ...spec },
  }) as unknown as Pod

const request = (object: unknown, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'u',
  resource: { group: '', version: 'v1', resource: 'pods' },
  operation: 'CREATE',
  namespace: 'games',
  userInfo: {},
  object,
  oldObject: null,
  ...more,
})

const handler = passthroughHandler({ mark: autopilotPassthrough, namespaces: ['games'] })
const signal = new AbortController().signal
const ask = async (object: unknown, more: Partial<AdmissionRequest> = {}) => handler(request(object, more), signal)

const game = {
  name: 'game',
  ports: [
    { containerPort: 80, hostPort: 7001 },
    { containerPort: 2, hostPort: 7002 },
  ],
}
const voice = { name: 'voice', restartPolicy: 'Always', ports: [{ containerPort: 3, hostPort: 7003, protocol: 'UDP' }] }

describe('the webhook for passthrough ports', () => {
  it.each<[string, Pod, object[]]>([
    [
      'the listed port of a container',
      podWith('{"game":[1]}', { containers: [game] }),
      [{ op: 'replace', path: '/spec/containers/0/ports/1/containerPort', value: 7002 }],
    ],
    [
      'that of an init container which keeps running',
      podWith('{"voice":[0]}', { containers: [game], initContainers: [{ name: 'prepare' }, voice] }),
      [{ op: 'replace', path: '/spec/initContainers/1/ports/0/containerPort', value: 7003 }],
    ],
    [
      'nothing where both are the same',
      podWith('{"game":[0]}', { containers: [{ name: 'game', ports: [{ containerPort: 1, hostPort: 1 }] }] }),
      [],
    ],
    [
      'nothing where the node gives no port',
      podWith('{"game":[0]}', { containers: [{ name: 'game', ports: [{ containerPort: 1 }] }] }),
      [],
    ],
    ['nothing without a list', podWith(undefined, { containers: [game] }), []],
  ])('sets %s', async (_, pod, patch) => expect(await ask(pod)).toEqual({ allowed: true, patch }))

  it.each<[string, Pod, Partial<AdmissionRequest>]>([
    ['a pod without the label', podWith('{"game":[1]}', { containers: [game] }, {}), {}],
    ['a pod with another value of it', podWith('{"game":[1]}', { containers: [game] }, { 'agones.dev/port': 'dynamic' }), {}],
    ['a pod that is there already', podWith('{"game":[1]}', { containers: [game] }), { operation: 'UPDATE' }],
    ['a status', podWith('{"game":[1]}', { containers: [game] }), { subResource: 'status' }],
    ['another kind', podWith('{"game":[1]}', { containers: [game] }), { resource: { group: '', version: 'v1', resource: 'podtemplates' } }],
    ['another namespace', podWith('{"game":[1]}', { containers: [game] }), { namespace: 'other' }],
  ])('leaves %s alone', async (_, pod, more) => expect(await ask(pod, more)).toEqual({ allowed: true }))

  it.each<[string, string, RegExp]>([
    ['no JSON', 'game', /must be JSON such as/],
    ['no lists', '{"game":1}', /must be JSON such as/],
    ['no indexes', '{"game":[-1]}', /must be JSON such as/],
    ['a list', '[["game",[0]]]', /must be JSON such as/],
    ['a container that is not there', '{"gmae":[0]}', /there is no container named gmae/],
    ['an init container that ends', '{"prepare":[0]}', /there is no container named prepare/],
    ['a port that is not there', '{"game":[2]}', /container game has 2 ports, and none at 2/],
  ])('refuses %s, with the field and the value', async (_, assignment, complaint) => {
    const answer = await ask(
      podWith(assignment, { containers: [game], initContainers: [{ name: 'prepare', ports: [{ containerPort: 1 }] }] }),
    )
    expect(answer).toMatchObject({
      allowed: false,
      status: { code: 422, details: { causes: [{ field: `metadata.annotations[${note}]`, message: expect.stringMatching(complaint) }] } },
    })
    expect(JSON.stringify(answer)).toContain(JSON.stringify(JSON.stringify(assignment)).slice(1, -1))
  })

  const port = fc.record({
    containerPort: fc.integer({ min: 1, max: 9 }),
    hostPort: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    protocol: fc.constantFrom('TCP', 'UDP'),
  })
  const container = (name: string) =>
    fc.record({
      name: fc.constant(name),
      image: fc.constant('i'),
      restartPolicy: fc.constantFrom('Always', undefined),
      ports: fc.array(port, { maxLength: 4 }),
    })
  const listed = fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })), {
    nil: undefined,
  })
  const anyPod = fc
    .record({ assignment: listed, containers: fc.tuple(container('a'), container('b')), init: container('c'), isMarked: fc.boolean() })
    .map(({ assignment, containers, init, isMarked }) =>
      podWith(assignment && JSON.stringify(assignment), { containers, initContainers: [init] }, isMarked ? marked : {}),
    )

  it('changes nothing but container ports, and nothing when it is asked again', async () => {
    await fc.assert(
      fc.asyncProperty(anyPod, async pod => {
        const before = JSON.stringify(pod)
        const answer = await ask(pod)
        expect(JSON.stringify(pod)).toBe(before)
        if (!answer.allowed || answer.patch === undefined) return
        const after = applyJsonPatch(pod, answer.patch) as Pod
        expect(withoutContainerPorts(after)).toEqual(withoutContainerPorts(pod))
        expect(await ask(after)).toEqual({ allowed: true, patch: [] })
        if (pod.metadata.labels?.[autopilotPassthrough.key] === undefined) expect(after).toEqual(pod)
      }),
    )
  })
})

/** Everything else of a pod. */
const withoutContainerPorts = (pod: Pod): unknown =>
  JSON.parse(JSON.stringify(pod), (key, value: unknown) => (key === 'containerPort' ? undefined : value))
