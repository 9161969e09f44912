import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { hostPlan } from '../../../host-plan.ts'
import { createContainerRuntime } from '../create-container-runtime.ts'

it('lets pods reach the services they were promised, and nothing else', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'berth-relay-'))
  const server = createServer(socket => socket.end('from outside')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const runtime = await createContainerRuntime({
    plan: hostPlan(41),
    stateDir,
    prefer: 'user-namespaces',
    reachable: [{ ip: '10.233.0.1', port: 443, target: () => ({ host: '127.0.0.1', port }) }],
  })
  try {
    // Where the host has no user namespaces there are no relays either.
    if (runtime.isolation !== 'user-namespaces') return
    expect(runtime.notes.join()).toContain('10.233.0.1:443')
    const { signal } = new AbortController()
    const pod = await runtime.createSandbox({ podUid: 'x', namespace: 'test', name: 'x', hostname: 'x', hostNetwork: false }, signal)
    const image = {
      reference: 'x',
      id: 'x',
      entrypoint: ['sleep', '1000'],
      command: [],
      env: {},
      hostFiles: { '/usr/local/bin/node': process.execPath },
    }
    const container = await pod.start({ name: 'x', attempt: 0, image, env: {}, mounts: [], logPath: join(stateDir, 'log') }, signal)
    const connect = (address: string) => `require('net').connect(${address}).on('error', e => console.log(e.code)).pipe(process.stdout)`
    const promised = await container.exec(['node', '-e', connect("443, '10.233.0.1'")], { stdin: false, tty: false })
    expect(await text(promised.stdout)).toBe('from outside')
    const other = await container.exec(['node', '-e', connect(`${port}, '127.0.0.1'`)], { stdin: false, tty: false })
    expect(await text(other.stdout)).toBe('ECONNREFUSED\n')
  } finally {
    await runtime[Symbol.asyncDispose]()
    server.close()
    await rm(stateDir, { recursive: true })
  }
})
