import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostPlan } from '../../host-plan.ts'
import { createContainerRuntime } from './create-container-runtime.ts'
import type { ResidentProgram } from './resident-container.ts'
import type { Container, ContainerRuntime, ContainerSpec, Isolation, Sandbox } from './runtime.ts'

// High slots, so that a cluster that runs beside the tests keeps its own; different ones for test runs side by side.
const slot = 42 + 3 * (process.pid % 6)
const plan = hostPlan(slot)
const linksOf = async (number: number) =>
  (await readdir('/sys/class/net').catch(() => [])).filter(name => name === `berth${number}` || name.startsWith(`berth${number}v`))
const signal = new AbortController().signal
const waitFor = async (what: () => boolean | Promise<boolean>) => {
  for (let tries = 0; tries < 100; tries++) {
    if (await what()) return
    await sleep(50)
  }
  throw new Error(`timed out: ${String(what)}`)
}
const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

/** What this host can do; a laptop without root tests two of three. */
async function possible(): Promise<Isolation[]> {
  const found = new Set<Isolation>()
  for (const prefer of ['namespaces', 'user-namespaces', 'loopback'] as const) {
    const stateDir = await mkdtemp(join(tmpdir(), 'berth-possible-'))
    await using runtime = await createContainerRuntime({ plan, stateDir, prefer })
    found.add(runtime.isolation)
    await runtime[Symbol.asyncDispose]()
    await rm(stateDir, { recursive: true })
  }
  return [...found]
}

describe.each(await possible())('a container runtime with %s', isolation => {
  let base: string
  let runtime: ContainerRuntime
  let pod: Sandbox

  const start = (spec: Partial<ContainerSpec> & { files?: string } = {}): Promise<Container> =>
    pod.start(
      {
        name: 'main',
        attempt: 0,
        image: {
          reference: 'test:latest',
          id: 'sha256:0',
          layers: [join(base, 'image')],
          entrypoint: ['/app/hello', 'from'],
          command: ['image'],
          env: { GREETING: `it's "a" $day` },
          hostFiles: { '/usr/local/bin/node': process.execPath },
        },
        env: {},
        mounts: [],
        logPath: join(base, 'log'),
        ...spec,
      },
      signal,
    )
  const sandbox = (name: string) =>
    runtime.createSandbox({ podUid: name, namespace: 'test', name, hostname: name, hostNetwork: false }, signal)
  const log = async (path = join(base, 'log')) =>
    (await readFile(path, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(' ').slice(3).join(' '))
  const run = async (command: string[], spec: Partial<ContainerSpec> = {}) => {
    await rm(join(base, 'log'), { force: true })
    const status = await (await start({ command, ...spec })).exited
    return { lines: await log(), exitCode: status.exitCode, signal: status.signal }
  }

  beforeAll(async () => {
    // Such a name would end an option of a mount early. A search path cannot have it, so plain processes cannot be run there.
    base = await mkdtemp(join(tmpdir(), isolation === 'loopback' ? 'berth-runtime-' : 'berth runtime,a:b-'))
    await mkdir(join(base, 'image/app'), { recursive: true })
    await mkdir(join(base, 'volume'))
    await writeFile(join(base, 'image/app/hello'), '#!/bin/sh\necho "hello $* $GREETING"\n', { mode: 0o755 })
    runtime = await createContainerRuntime({ plan, stateDir: base, prefer: isolation })
    pod = await sandbox('pod-0')
  })
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]()
    await rm(base, { recursive: true })
  })

  it('runs the command of the image with its environment, unharmed by quotes', async () => {
    await (await start()).exited
    expect(await log()).toEqual([`hello from image it's "a" $day`])
  })

  it('replaces entrypoint and command as Kubernetes does', async () => {
    expect((await run(['/app/hello'], { args: ['a b', '$(x) `y` "z"'] })).lines[0]).toContain('hello a b $(x) `y` "z"')
  })

  it('runs shell lines over the files of the image and the volumes', async () => {
    const mounts = [{ hostPath: join(base, 'volume'), mountPath: '/data/scripts', readOnly: false }]
    await run(['bash', '-c', 'cp /app/* /data/scripts/ && ls /data/scripts'], { mounts })
    expect(await readdir(join(base, 'volume'))).toEqual(['hello'])
  })

  it('gives the program the Node of this process when the image asks for it', async () => {
    expect((await run(['node', '-p', 'process.version'])).lines).toEqual([process.version])
  })

  it('gives the container devices of its own, and volumes below /dev', async () => {
    if (isolation === 'loopback') return
    const mounts = [{ hostPath: join(base, 'volume'), mountPath: '/dev/shm', readOnly: false }]
    const script = 'echo a >/dev/null; head -c 3 /dev/zero | wc -c; echo c >/dev/shm/c; touch /dev/mine; ls /dev'
    expect((await run(['sh', '-c', script], { mounts })).lines).toEqual([
      '3',
      'fd',
      'full',
      'mine',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ])
    expect(await readFile(join(base, 'volume/c'), 'utf8')).toBe('c\n')
    expect(existsSync('/dev/mine')).toBe(false)
    await rm(join(base, 'volume/c'))
  })

  it('brings every variable through, without showing its value to other users', async () => {
    const env = { 'my.name': 'dot', PS4: 'x', LD_BIND_NOW: '1', LANG: 'C', SECRET: 's3cr3t-v4lue', EMPTY: '', LINES_: 'a\nb' }
    const script = 'JSON.stringify(process.env)'
    const { lines } = await run(['node', '-p', script], { env })
    const seen = JSON.parse(lines[0]!) as Record<string, string>
    expect(seen).toMatchObject({ ...env, GREETING: `it's "a" $day` })
    const known = [...Object.keys(env), 'GREETING', 'PATH', 'HOSTNAME', 'HOME', 'POD_IP', 'BERTH_ROOT']
    expect(Object.keys(seen).filter(name => !known.includes(name))).toEqual([])
    const container = await start({ command: ['sleep', '1000'], env })
    expect((await commandLines()).filter(line => line.includes(env.SECRET))).toEqual([])
    container.kill('SIGKILL')
    await container.exited
  })

  it('keeps root in a container from harming the host', async () => {
    if (isolation === 'loopback') return
    expect((await run(['sh', '-c', 'mount -t tmpfs x /mnt 2>/dev/null || echo refused; rm -rf /usr/bin/perl /etc/passwd'])).lines).toEqual([
      'refused',
    ])
    expect(existsSync('/etc/passwd')).toBe(true)
  })

  it.each([
    ['nothing', ['true'], { exitCode: 0, signal: undefined }],
    ['an exit code', ['sh', '-c', 'exit 42'], { exitCode: 42, signal: undefined }],
    ['a shell that waits for a program that was killed', ['sh', '-c', 'sh -c "kill -KILL \\$\\$"; exit $?'], { exitCode: 137 }],
  ])('reports %s', async (_, command, expected) => {
    expect(await run(command)).toMatchObject(expected)
  })

  it.each([
    ['nonesuch', 'exec: "nonesuch": executable file not found in $PATH', 127],
    ['/none/such', 'exec: "/none/such": stat /none/such: no such file or directory', 127],
    ['/etc/passwd', 'exec: "/etc/passwd": permission denied', 126],
  ])('refuses to start %s', async (command, message, exitCode) => {
    await expect(start({ command: [command] })).rejects.toMatchObject({
      name: 'RuntimeError',
      code: 'RunContainerError',
      message,
      exitCode,
    })
  })

  it('is out of reach for Ctrl-C in the terminal of this process', async () => {
    const container = await start({ command: ['sleep', '1000'] })
    const group = async (pid: number) => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2]
    expect(await group(container.pid)).not.toBe(await group(process.pid))
    container.kill('SIGKILL')
    await container.exited
  })

  it('leaves SIGTERM to a program that handles it', async () => {
    const container = await start({
      command: ['sh', '-c', 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'],
      logPath: join(base, 'handler'),
    })
    await waitFor(async () => (await log(join(base, 'handler'))).includes('up'))
    container.kill('SIGTERM')
    expect(await container.exited).toMatchObject({ exitCode: 7 })
  })

  it('ends on SIGTERM, and all its processes on SIGKILL', async () => {
    const polite = await start({ command: ['sleep', '1000'] })
    await sleep(50)
    polite.kill('SIGTERM')
    expect(await polite.exited).toMatchObject({ exitCode: 143, signal: 15 })
    const stubborn = await start({ command: ['sh', '-c', 'trap "" TERM; echo up; sleep 1000 & wait'], logPath: join(base, 'stubborn') })
    await waitFor(async () => (await log(join(base, 'stubborn'))).includes('up'))
    stubborn.kill('SIGTERM')
    stubborn.kill('SIGKILL')
    expect(await stubborn.exited).toMatchObject({ exitCode: 137, signal: 9 })
    expect(isAlive(stubborn.pid)).toBe(false)
  })

  it('executes further programs in a running container', async () => {
    const container = await start({ command: ['sleep', '1000'] })
    const session = await container.exec(['sh', '-c', 'cat; echo $GREETING >&2; exit 3'], { stdin: true, tty: false })
    session.stdin?.end('typed\n')
    expect(await Promise.all([text(session.stdout), text(session.stderr), session.exit])).toMatchObject([
      'typed\n',
      `it's "a" $day\n`,
      { exitCode: 3 },
    ])
    await expect(container.exec(['nonesuch'], { stdin: false, tty: false })).rejects.toMatchObject({ exitCode: 127 })
    const endless = await container.exec(['sh', '-c', 'sleep 1000; true'], { stdin: false, tty: false })
    endless.kill()
    expect((await endless.exit).exitCode).toBe(137)
    container.kill('SIGKILL')
    await container.exited
  })

  it('runs a resident program in its own process, where the other containers of the pod reach it', async () => {
    const served: string[] = []
    const resident: ResidentProgram = async ({ args, env, signal: stopped, listen, log: write }) => {
      const [server] = await listen([{ host: '127.0.0.1', port: 19_357 }])
      server?.on('connection', socket => {
        served.push(args.join(' '))
        socket.end(`hello ${env['NAME'] ?? ''}`)
      })
      write('at work')
      await new Promise(resolve => stopped.addEventListener('abort', resolve, { once: true }))
      return 0
    }
    const logPath = join(base, 'resident-log')
    const image = { reference: 'resident:latest', id: 'sha256:1', entrypoint: [], command: [], env: {}, resident }
    const container = await start({ name: 'side', image, args: ['--a=1'], env: { NAME: 'pod' }, logPath })
    const script = `const { connect } = require('node:net')
      const socket = connect(19357, '127.0.0.1')
      socket.on('data', text => console.log(String(text)))
      socket.on('error', error => console.log(error.message))`
    const client = await start({ name: 'client', command: ['/usr/local/bin/node', '-e', script], logPath: join(base, 'client-log') })
    expect((await client.exited).exitCode).toBe(0)
    expect(await log(join(base, 'client-log'))).toContain('hello pod')
    expect(served).toEqual(['--a=1'])
    await expect(container.exec(['ls'], { stdin: false, tty: false })).rejects.toThrow('nothing to execute')
    container.kill('SIGTERM')
    expect(await container.exited).toMatchObject({ exitCode: 0 })
    expect(await log(logPath)).toContain('at work')
  })

  it('lets two pods bind the same port, and reaches both by TCP and UDP', async () => {
    const server = `
      const host = process.env.POD_IP ?? '0.0.0.0'
      require('net').createServer(c => c.end(process.argv[1])).listen(8080, host)
      const udp = require('dgram').createSocket('udp4').on('message', (m, from) => udp.send(process.argv[1] + m, from.port, from.address)).bind(8080, host, () => console.log('up'))`
    const pods = [pod, await sandbox('pod-1')]
    const containers = await Promise.all(
      pods.map((own, n) => {
        const logPath = join(base, `server-${n}`)
        const image = {
          reference: 'x',
          id: 'x',
          entrypoint: ['node'],
          command: [],
          env: {},
          hostFiles: { '/usr/local/bin/node': process.execPath },
        }
        return own.start({ name: 'server', attempt: 0, image, args: ['-e', server, `pod ${n} `], env: {}, mounts: [], logPath }, signal)
      }),
    )
    for (const [n, { podIPs }] of pods.entries()) {
      await waitFor(async () => (await log(join(base, `server-${n}`))).includes('up'))
      expect(await text(await runtime.dialer.dialTcp(podIPs[0]!, 8080))).toBe(`pod ${n} `)
      const { promise, resolve } = Promise.withResolvers<string>()
      const flow = await runtime.dialer.openUdp(podIPs[0]!, 8080, data => resolve(Buffer.from(data).toString()))
      flow.send(Buffer.from('ping'))
      expect(await promise).toBe(`pod ${n} ping`)
      flow.close()
      await expect(runtime.dialer.dialTcp(podIPs[0]!, 8081)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    await pods[1]![Symbol.asyncDispose]()
    expect(await containers[1]!.exited).toMatchObject({ exitCode: 137 })
    containers[0]!.kill('SIGKILL')
    await containers[0]!.exited
  })

  it('executes programs on a terminal', async () => {
    const container = await start({ command: ['sleep', '1000'] })
    const options = { stdin: true, tty: true }
    if (isolation === 'loopback') await expect(container.exec(['sh'], options)).rejects.toMatchObject({ code: 'ExecError' })
    else {
      const session = await container.exec(['sh', '-c', 'test -t 0 && read line && stty size && tty >/dev/tty; exit 5'], options)
      session.resize?.(100, 40)
      await sleep(50)
      session.stdin?.write('go\r')
      const [shown, status] = await Promise.all([text(session.stdout), session.exit])
      expect(shown).toContain('40 100')
      expect(shown).toContain('/dev/pts/')
      expect(status).toMatchObject({ exitCode: 5 })
    }
    container.kill('SIGKILL')
    await container.exited
  })

  it('aborts a start', async () => {
    await expect(pod.start({} as ContainerSpec, AbortSignal.abort())).rejects.toThrow()
  })

  it('leaves nothing behind when it is disposed of', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'berth-dispose-'))
    const own = await createContainerRuntime({ plan: hostPlan(slot + 1), stateDir, prefer: isolation })
    const gone = await own.createSandbox({ podUid: 'x', namespace: 'test', name: 'x', hostname: 'x', hostNetwork: false }, signal)
    const image = { reference: 'x', id: 'x', entrypoint: ['sleep', '1000'], command: [], env: {} }
    const container = await gone.start({ name: 'x', attempt: 0, image, env: {}, mounts: [], logPath: join(stateDir, 'log') }, signal)
    await own[Symbol.asyncDispose]()
    expect(isAlive(container.pid)).toBe(false)
    expect(await linksOf(slot + 1)).toEqual([])
    expect(await readdir(join(stateDir, 'runtime'))).toEqual([])
    expect(await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).not.toContain(stateDir)
    await rm(stateDir, { recursive: true })
  })

  it('leaves no process behind when its own process is killed, and starts again in the same slot', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'berth-killed-'))
    const program = `
      import { createContainerRuntime } from ${JSON.stringify(new URL('create-container-runtime.ts', import.meta.url).href)}
      import { hostPlan } from ${JSON.stringify(new URL('../../host-plan.ts', import.meta.url).href)}
      const stateDir = ${JSON.stringify(stateDir)}, signal = new AbortController().signal
      const runtime = await createContainerRuntime({ plan: hostPlan(${slot + 2}), stateDir, prefer: ${JSON.stringify(isolation)} })
      const pod = await runtime.createSandbox({ podUid: 'x', namespace: 'test', name: 'x', hostname: 'x', hostNetwork: false }, signal)
      const image = { reference: 'x', id: 'x', entrypoint: ['sh', '-c', 'sleep 4321 & exec sleep 4321'], command: [], env: {} }
      const container = await pod.start({ name: 'x', attempt: 0, image, env: {}, mounts: [], logPath: stateDir + '/log' }, signal)
      const session = await container.exec(['sleep', '4321'], { stdin: false, tty: false })
      console.log(container.pid)
    `
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [output] = (await once(owner.stdout, 'data')) as [Buffer]
    const container = Number(output.toString())
    expect(isAlive(container)).toBe(true)
    owner.kill('SIGKILL')
    await waitFor(() => !isAlive(container))
    await waitFor(async () => !(await commandLines()).includes('sleep 4321'))
    const again = await createContainerRuntime({ plan: hostPlan(slot + 2), stateDir, prefer: isolation })
    expect(again.isolation).toBe(isolation)
    await again[Symbol.asyncDispose]()
    expect(await linksOf(slot + 2)).toEqual([])
    await rm(stateDir, { recursive: true })
  }, 20_000)
})

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const lines = pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  return (await Promise.all(lines)).map(line => line.split('\0').join(' ').trim())
}
