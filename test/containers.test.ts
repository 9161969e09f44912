import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { root } from './harness/run.ts'

const test = testNeeding('kubectl')
const image = 'registry.example.com/studio/tiny:v1'

interface ContainerStatus {
  name: string
  restartCount: number
  ready: boolean
  state: { waiting?: { reason: string; message?: string }; terminated?: { exitCode: number; reason: string } }
  lastState?: { terminated?: { exitCode: number; reason: string; message?: string } }
}

interface Pod {
  metadata: { uid: string }
  spec: { nodeName: string }
  status: { phase: string; podIP: string; containerStatuses?: ContainerStatus[] }
}

/** A shell line that goes on until it is told to stop, after it has done `first`. */
const forever = (first: string, last = 'exit 0') => ['sh', '-c', `trap '${last}' TERM; ${first}; while true; do sleep 0.1; done`]

describe('containers as manifests ask for them', () => {
  let cluster: TestCluster
  let k: TestCluster['k']
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--images', join(root, 'test/images')] })
    k = cluster.k
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  const pod = (name: string, spec: object, metadata: object = {}) =>
    cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, ...metadata },
      spec: { terminationGracePeriodSeconds: 5, ...spec },
    })
  const ready = (name: string) => k(`wait --for=condition=Ready pod/${name} --timeout=20s`)
  const statusOf = async (name: string, container: string) =>
    (await cluster.get<Pod>(`pod ${name}`)).status.containerStatuses?.find(status => status.name === container)
  const run = (name: string, ...command: string[]) => k(['exec', name, '-c', 'main', '--', ...command])

  test('init containers in order, a sidecar before the main container; environment, host name, hooks', async () => {
    const volumeMounts = [{ name: 'work', mountPath: '/work' }]
    await pod(
      'order',
      {
        hostname: 'arena',
        volumes: [{ name: 'work', emptyDir: {} }],
        initContainers: [
          { name: 'first', image, command: ['sh', '-c', 'sleep 0.3; echo first >> /work/log'], volumeMounts },
          {
            name: 'side',
            image,
            restartPolicy: 'Always',
            command: forever('echo side >> /work/log'),
            startupProbe: { exec: { command: ['grep', 'side', '/work/log'] }, periodSeconds: 1 },
            volumeMounts,
          },
          { name: 'second', image, command: ['sh', '-c', 'echo second >> /work/log'], volumeMounts },
        ],
        containers: [
          {
            name: 'main',
            image,
            command: forever('echo "main $(hostname) $IP $GREETING $NODE" >> /work/log'),
            env: [
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              { name: 'WORLD', valueFrom: { fieldRef: { fieldPath: "metadata.labels['world']" } } },
              { name: 'GREETING', value: 'hello-$(WORLD)' },
            ],
            lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo hook > /work/hook'] } } },
            volumeMounts,
          },
        ],
      },
      { labels: { world: 'mars' } },
    )
    await ready('order')
    const { spec, status } = await cluster.get<Pod>('pod order')
    const log = await eventually('the main container has written', async () => {
      const text = await run('order', 'cat', '/work/log')
      return text.includes('main') && text
    })
    expect(log).toBe(`first\nside\nsecond\nmain arena ${status.podIP} hello-mars ${spec.nodeName}\n`)
    expect(await run('order', 'cat', '/work/hook')).toBe('hook\n')
    expect(await k('get pod order')).toMatch(/order\s+2\/2\s+Running\s+0/)
  })

  test('mounted annotations, ConfigMaps and Secrets change while the container runs', async () => {
    await k('create configmap rules --from-literal=mode=calm')
    await k('create secret generic keys --from-literal=door=1234')
    await pod(
      'live',
      {
        volumes: [
          { name: 'info', downwardAPI: { items: [{ path: 'net', fieldRef: { fieldPath: "metadata.annotations['net']" } }] } },
          { name: 'all', projected: { sources: [{ configMap: { name: 'rules' } }, { secret: { name: 'keys' } }] } },
        ],
        containers: [
          {
            name: 'main',
            image,
            volumeMounts: [
              { name: 'info', mountPath: '/etc/info' },
              { name: 'all', mountPath: '/etc/all', readOnly: true },
            ],
          },
        ],
      },
      { annotations: { net: 'waiting' } },
    )
    await ready('live')
    const files = ['cat', '/etc/info/net', '/etc/all/mode', '/etc/all/door']
    expect(await run('live', ...files)).toBe('waitingcalm1234')
    await k('annotate pod live net=ready --overwrite')
    await k(['patch', 'configmap', 'rules', '-p', '{"data":{"mode":"wild"}}'])
    await eventually('the files follow', async () => (await run('live', ...files)) === 'readywild1234', { timeout: 5_000 })
    expect((await statusOf('live', 'main'))?.restartCount).toBe(0)
  })

  test('crashes are counted, explained and held back; logs of both runs', async () => {
    await pod('crash', {
      containers: [
        { name: 'main', image, command: ['sh', '-c', 'echo "going down"; exit 3'], terminationMessagePolicy: 'FallbackToLogsOnError' },
      ],
    })
    const held = await eventually('the container is held back', async () => {
      const status = await statusOf('crash', 'main')
      return status?.state.waiting?.reason === 'CrashLoopBackOff' && status
    })
    // A busy kubelet tells of it one restart later.
    expect(held.restartCount).toBeGreaterThanOrEqual(1)
    expect(held).toMatchObject({
      ready: false,
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'going down\n' } },
    })
    // Between two containers there is a moment without logs.
    for (const log of ['logs crash', 'logs crash --previous']) await eventually(log, async () => (await k(log)) === 'going down\n')
    expect(await k('describe pod crash')).toMatch(/Back-off restarting failed container main in pod crash_/)
  })

  test('a liveness probe restarts, a readiness probe only takes out', async () => {
    await pod('probed', {
      containers: [
        {
          name: 'main',
          image,
          command: forever('touch /tmp/alive /tmp/ready'),
          livenessProbe: { exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 3 },
          readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    })
    await ready('probed')
    await run('probed', 'rm', '/tmp/ready')
    await k('wait --for=condition=Ready=false pod/probed --timeout=10s')
    expect((await statusOf('probed', 'main'))?.restartCount).toBe(0)
    await run('probed', 'rm', '/tmp/alive')
    await eventually('it is restarted', async () => ((await statusOf('probed', 'main'))?.restartCount ?? 0) >= 1)
    await ready('probed')
    expect(await k('get events --field-selector=involvedObject.name=probed')).toMatch(/Liveness probe failed/)
  })

  test('what ends and never restarts is Completed or Error', async () => {
    await pod('done', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['true'] }] })
    await pod('failed', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['sh', '-c', 'exit 9'] }] })
    await pod('retried', {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'work', emptyDir: {} }],
      containers: [
        {
          name: 'main',
          image,
          command: ['sh', '-c', 'test -e /work/seen && exit 0; touch /work/seen; exit 1'],
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        },
      ],
    })
    const shown = (name: string, line: RegExp) =>
      eventually(`${name} is over`, async () => line.test(await k(`get pod ${name} --no-headers`)))
    await shown('done', /0\/1\s+Completed\s+0/)
    await shown('failed', /0\/1\s+Error\s+0/)
    await shown('retried', /0\/1\s+Completed\s+1/)
    await eventually('it has failed', async () => (await cluster.get<Pod>('pod failed')).status.phase === 'Failed')
  })

  test('missing images, programs and settings are explained, and repaired by what was missing', async () => {
    await pod('missing', {
      containers: [
        { name: 'main', image, env: [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'later', key: 'mode' } } }] },
        { name: 'image', image: 'registry.example.com/studio/nobody:v1' },
        { name: 'program', image, command: ['/no/such/program'] },
      ],
    })
    const reason = async (container: string) => (await statusOf('missing', container))?.state.waiting?.reason
    await eventually('all three say why', async () => {
      expect([await reason('main'), await reason('image'), await reason('program')]).toEqual([
        'CreateContainerConfigError',
        'ImagePullBackOff',
        'CrashLoopBackOff',
      ])
      return true
    })
    expect((await statusOf('missing', 'main'))?.state.waiting?.message).toBe('configmap "later" not found')
    expect((await statusOf('missing', 'image'))?.state.waiting?.message).toMatch(
      cluster.kind === 'embedded' ? /nobody.*image\.yaml/s : /nobody/,
    )
    expect((await statusOf('missing', 'program'))?.lastState?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
    await k('create configmap later --from-literal=mode=x')
    await k('set image pod/missing image=registry.example.com/studio/tiny:v2')
    await eventually(
      'both run',
      async () => (await statusOf('missing', 'main'))?.ready === true && (await statusOf('missing', 'image'))?.ready === true,
    )
  })

  test('deletion: hook, stop signal, sidecars last; then the pod is gone', async () => {
    const volumeMounts = [{ name: 'out', mountPath: '/out' }]
    await k('delete pod order --wait=true')
    await pod('bye', {
      volumes: [{ name: 'out', hostPath: { path: join(root, '.berth/test-bye'), type: 'DirectoryOrCreate' } }],
      initContainers: [
        { name: 'side', image, restartPolicy: 'Always', command: forever('rm -f /out/log', 'echo side >> /out/log; exit 0'), volumeMounts },
      ],
      containers: [
        {
          name: 'main',
          image,
          command: forever('true', 'echo main >> /out/log; sleep 0.3; exit 0'),
          lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook >> /out/log'] } } },
          volumeMounts,
        },
      ],
    })
    await ready('bye')
    await k('delete pod bye --wait=true')
    await pod('reader', {
      volumes: [{ name: 'out', hostPath: { path: join(root, '.berth/test-bye') } }],
      containers: [{ name: 'main', image, volumeMounts }],
    })
    await ready('reader')
    expect(await run('reader', 'cat', '/out/log')).toBe('hook\nmain\nside\n')
    await run('reader', 'rm', '/out/log')
  })

  test('exec passes input, output and exit code; logs follow', async () => {
    await pod('talk', { containers: [{ name: 'main', image, command: forever('echo ready; sleep 1; echo later') }] })
    await ready('talk')
    const ran = await cluster.kubectl(['exec', 'talk', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect(ran).toMatchObject({ code: 7, stdout: 'out\n' })
    expect(ran.stderr).toMatch(/^err\n/)
    expect(await k(['exec', '-i', 'talk', '--', 'cat'], 'typed in')).toBe('typed in')
    const following = k('logs -f talk')
    await k('wait --for=jsonpath={.status.phase}=Running pod/talk --timeout=5s')
    await eventually('the second line is there', async () => /later/.test(await k('logs talk --tail=1')))
    await k('delete pod talk --wait=true')
    expect(await following).toBe('ready\nlater\n')
  })
})
