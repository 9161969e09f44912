import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hostPlan } from '../../host-plan.ts'
import { BridgeNetwork, linksOfSlot } from './bridge-network.ts'
import { HostTools } from './host-tools.ts'

it('finds the links of one slot only, the bridge last', () => {
  const listed = [
    '1: lo: <LOOPBACK,UP> mtu 65536',
    '2: eth0: <BROADCAST> mtu 1500',
    '5: berth1: <BROADCAST> mtu 1500',
    '6: berth1v0@if2: <BROADCAST> mtu 1500',
    '7: berth1v12@if2: <BROADCAST> mtu 1500',
    '8: berth10: <BROADCAST> mtu 1500',
    '9: berth10v0@if2: <BROADCAST> mtu 1500',
    '10: berth1s: <BROADCAST> mtu 1500',
  ]
  expect(linksOfSlot(listed.join('\n'), 'berth1')).toEqual(['berth1v0', 'berth1v12', 'berth1'])
})

it('removes the links of many pods with one program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-ip-'))
  const log = join(folder, 'log')
  // Stands for ip and nsenter: notes what it is asked for.
  for (const name of ['ip', 'nsenter']) {
    await writeFile(join(folder, name), `#!/bin/sh\n{ echo "run $*"; [ "$1" = -oneline ] || /bin/cat; } >>${log}\n`)
    await chmod(join(folder, name), 0o755)
  }
  const { signal } = new AbortController()
  const plan = hostPlan(41)
  const network = await BridgeNetwork.create({ plan, tools: new HostTools([folder]) })
  const links = []
  for (let pod = 0; pod < 20; pod++) links.push(await network.attach(1, plan.podNetwork.ip(pod), signal))
  await writeFile(log, '')
  await Promise.all(links.map(link => link[Symbol.asyncDispose]()))
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  expect(lines.filter(line => line.startsWith('run'))).toHaveLength(1)
  expect(lines.filter(line => /^link delete dev berth41v\d+$/.test(line))).toHaveLength(20)
  await rm(folder, { recursive: true })
})
