import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startCluster, type TestCluster } from './harness/cluster.ts'
import { eventually } from './harness/eventually.ts'
import { testNeeding } from './harness/needs.ts'
import { gameServerSet, settled } from './harness/okg.ts'

const test = testNeeding('kubectl')

const deployment = (image = 'registry.example.com/demo/web:v1', replicas = 2) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 8080 }] }] } },
  },
})

describe('what people type into kubectl', () => {
  let cluster: TestCluster
  let k: TestCluster['k']
  beforeAll(async () => {
    cluster = await startCluster({ args: ['--simulate', '--nodes', '2'] })
    k = cluster.k
    await cluster.apply(gameServerSet({ name: 'demo', replicas: 2 }))
    await settled(cluster, 'demo', [0, 1])
    await cluster.apply(deployment())
    await k('rollout status deployment/web --timeout=30s')
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('version, cluster-info, api-resources, api-versions', async () => {
    expect(await k('version')).toMatch(/Server Version: v1\.\d+/)
    expect(await k('api-resources')).toMatch(/gameserversets\s+gss\S*\s+game\.kruise\.io\/v1alpha1\s+true\s+GameServerSet/)
    expect(await k('api-versions')).toMatch(/^apps\/v1$/m)
    expect(await k('get --raw /readyz')).toBe('ok')
  })

  test('get: tables, wide, names, yaml, json, jsonpath, all namespaces, selectors, sorting', async () => {
    expect((await k('get gss')).split('\n')[0]?.split(/\s{2,}/)).toEqual(
      ['NAME', 'DESIRED', 'CURRENT', 'UPDATED', 'READY', 'Maintaining', 'WaitToBeDeleted', 'PreDelete', 'AGE'].map(name =>
        expect.stringMatching(new RegExp(`^${name}$`, 'i')),
      ),
    )
    expect(await k('get gameservers.game.kruise.io')).toMatch(/demo-0\s+Ready\s+None\s+0\s+0/)
    expect(await k('get pods')).toMatch(/NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE/)
    expect(await k('get pods -o wide')).toMatch(/demo-0\s+1\/1\s+Running\s+0\s+\S+\s+[\d.]+\s+\S+/)
    expect(await k('get gss,deploy,rs,svc,sa,ns,nodes -A -o name')).toMatch(/gameserverset\.game\.kruise\.io\/demo/)
    expect(await k('get pod demo-0 -o yaml')).toMatch(/^kind: Pod$/m)
    expect(await k(['get', 'pods', '-l', 'game.kruise.io/owner-gss=demo', '-o', 'jsonpath={.items[*].metadata.name}'])).toBe(
      'demo-0 demo-1',
    )
    expect(await k('get pods --field-selector=status.phase=Running,metadata.name=demo-1 -o name')).toBe('pod/demo-1\n')
    expect(await k('get pods --sort-by=.metadata.name -o custom-columns=N:.metadata.name --no-headers')).toMatch(/^demo-0\ndemo-1\nweb-/)
    expect(await k('get all')).toMatch(/deployment\.apps\/web/)
    expect(await k('get nodes')).toMatch(/Ready/)
    expect((await cluster.kubectl('get pod nobody')).stderr).toBe('Error from server (NotFound): pods "nobody" not found\n')
  })

  test('describe shows spec, conditions and events', async () => {
    expect(await k('describe gss demo')).toMatch(/Kind:\s+GameServerSet/)
    expect(await k('describe pod demo-0')).toMatch(/Controlled By:\s+GameServerSet\/demo/)
    expect(await k('describe node')).toMatch(/Allocated resources/)
    expect(await k('describe deployment web')).toMatch(/StrategyType:\s+RollingUpdate/)
  })

  test('explain knows built-in and custom fields', async () => {
    expect(await k('explain gss.spec.network.networkType')).toMatch(/FIELD: networkType <string>/)
    expect(await k('explain pods.spec.containers.image')).toMatch(/FIELD: image <string>/)
    expect(await k('explain gameserversets.game.kruise.io --recursive')).toMatch(/reserveGameServerIds/)
  })

  test('apply: created, unchanged, configured; diff; server side with conflicts; dry run', async () => {
    const config = (data: Record<string, string>) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data })
    expect(await k('apply -f -', config({ a: '1' }))).toBe('configmap/conf created\n')
    expect(await k('apply -f -', config({ a: '1' }))).toBe('configmap/conf unchanged\n')
    expect((await cluster.kubectl('diff -f -', config({ a: '2' }))).code).toBe(1)
    expect((await cluster.kubectl('diff -f -', config({ a: '1' }))).code).toBe(0)
    expect(await k('apply --dry-run=server -f -', config({ a: '3' }))).toBe('configmap/conf configured (server dry run)\n')
    expect(await k('apply -f -', config({ a: '2', b: '1' }))).toBe('configmap/conf configured\n')
    expect(await k('apply -f -', config({ a: '2' }))).toBe('configmap/conf configured\n')
    expect(await k('get cm conf -o jsonpath={.data}')).toBe('{"a":"2"}')

    const one = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'shared' },
      data: { key: 'x' },
    })
    const two = one.replace('"x"', '"y"')
    expect(await k('apply --server-side --field-manager=one -f -', one)).toBe('configmap/shared serverside-applied\n')
    const conflict = await cluster.kubectl('apply --server-side --field-manager=two -f -', two)
    expect(conflict.code).toBe(1)
    expect(conflict.stderr).toMatch(/Apply failed with 1 conflict: conflict with "one": \.data\.key/)
    await k('apply --server-side --force-conflicts --field-manager=two -f -', two)
    expect(await k('get cm shared -o jsonpath={.data.key}')).toBe('y')
    expect(await k('get cm shared -o yaml --show-managed-fields')).toMatch(/manager: two/)
  })

  test('patch: strategic, merge, json; edit; label; annotate; replace', async () => {
    await k([
      'patch',
      'deployment',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}',
    ])
    expect(await k('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('registry.example.com/demo/web:v1')
    await k([
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":3}]',
    ])
    expect(
      (await cluster.kubectl(['patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"test","path":"/spec/replicas","value":9}]']))
        .code,
    ).toBe(1)
    await k(['patch', 'gss', 'demo', '--type=merge', '-p', '{"metadata":{"annotations":{"note":"hello"}}}'])
    expect(await k('label gss demo tier=gold')).toMatch(/labeled/)
    expect(await k('annotate gss demo note-')).toMatch(/annotated/)
    const yaml = await k('get cm kube-root-ca.crt -o yaml')
    expect(await k('replace -f -', yaml)).toMatch(/replaced/)
  })

  test('edit with a real editor', async () => {
    process.env['KUBE_EDITOR'] = 'sed -i s#demo/web:v1#demo/web:v2#'
    try {
      expect(await k('edit deployment web')).toMatch(/edited/)
      await k('rollout status deployment/web --timeout=30s')
      expect(await k('rollout history deployment/web')).toMatch(/REVISION/)
      expect(await k('rollout undo deployment/web')).toMatch(/rolled back/)
      await k('rollout status deployment/web --timeout=30s')
    } finally {
      delete process.env['KUBE_EDITOR']
    }
  })

  test('scale, wait, autoscale-free scaling of a set', async () => {
    await k('scale deployment/web --replicas=1')
    await k('wait --for=jsonpath={.status.readyReplicas}=1 deployment/web --timeout=30s')
    await k('scale gss/demo --replicas=3 --current-replicas=2')
    await settled(cluster, 'demo', [0, 1, 2])
    await k('wait --for=condition=Ready pod/demo-2 --timeout=30s')
    await k('scale gss/demo --replicas=2')
    await settled(cluster, 'demo', [0, 1])
    await k('wait --for=delete pod/demo-2 --timeout=30s')
  })

  test('create: namespace, configmap, secret, serviceaccount, token, deployment (protobuf bodies)', async () => {
    expect(await k('create ns lobby')).toBe('namespace/lobby created\n')
    expect(await k('create cm settings --from-literal=a=b -n lobby')).toBe('configmap/settings created\n')
    expect(await k('create secret generic keys --from-literal=k=v -n lobby')).toBe('secret/keys created\n')
    expect(await k('get secret keys -n lobby -o jsonpath={.data.k}')).toBe('dg==')
    expect(await k('create sa robot -n lobby')).toBe('serviceaccount/robot created\n')
    expect((await k('create token robot -n lobby')).trim().length).toBeGreaterThan(20)
    expect(await k('create deployment other --image=registry.example.com/demo/web:v1 -n lobby')).toBe('deployment.apps/other created\n')
    await k('wait --for=condition=Available deployment/other -n lobby --timeout=30s')
    await k('run single --image=registry.example.com/demo/web:v1 -n lobby')
    await k('expose deployment other --port=80 -n lobby')
    expect(await k('get svc -n lobby')).toMatch(/other\s+ClusterIP\s+10\./)
    await eventually('endpoints appear', async () => /10\.|127\./.test(await k('get endpointslices -n lobby')))
    await k('delete ns lobby --wait=true --timeout=30s')
    expect((await cluster.kubectl('get ns lobby')).code).toBe(1)
  })

  test('auth can-i, whoami', async () => {
    expect(await k('auth can-i create gameserversets.game.kruise.io')).toBe('yes\n')
    expect((await cluster.kubectl('auth can-i delete nodes --as=system:serviceaccount:default:default')).stdout).toMatch(/^no/)
    expect(await k('auth whoami')).toMatch(/system:masters/)
  })

  test('watch sees changes as they happen', async () => {
    const watch = spawn('kubectl', ['get', 'cm', '-w', '-o', 'name'], { env: { ...process.env, KUBECONFIG: cluster.kubeconfig } })
    let seen = ''
    watch.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk))
    await eventually('the watch lists what is there', () => seen.includes('configmap/kube-root-ca.crt'))
    await k('create cm watched --from-literal=a=b')
    await eventually('the watch shows the new one', () => seen.includes('configmap/watched'))
    watch.kill()
    await once(watch, 'exit')
  })

  test('events of a set and of a pod', async () => {
    expect(await k('get events')).toMatch(/demo-0/)
    expect(await k('events --for pod/demo-0')).toMatch(/Scheduled/)
  })

  test('cordon keeps new pods away; drain-like deletion moves them', async () => {
    const [first] = (await k('get nodes -o jsonpath={.items[*].metadata.name}')).split(' ')
    await k(`cordon ${first}`)
    expect(await k('get nodes')).toMatch(/SchedulingDisabled/)
    await k('scale gss/demo --replicas=4')
    await settled(cluster, 'demo', [0, 1, 2, 3])
    const nodes = await k('get pods demo-2 demo-3 -o jsonpath={.items[*].spec.nodeName}')
    expect(nodes.split(' ')).not.toContain(first)
    await k(`uncordon ${first}`)
  })

  test('delete: by name, by selector, with cascade=orphan', async () => {
    await k('create cm gone --from-literal=a=b')
    expect(await k('delete cm gone')).toMatch(/^configmap "gone" deleted( from \S+ namespace)?\n$/)
    const [rs] = (await k('get rs -l app=web -o name')).trim().split('\n')
    await k('delete deployment web --cascade=orphan')
    expect(await k('get rs -l app=web -o name')).toContain(rs ?? 'none')
    await k('delete rs -l app=web')
    await eventually('pods follow their owner', async () => (await k('get pods -l app=web -o name')) === '')
  })
})
