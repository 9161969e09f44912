import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { externalAddresses, OwnAddress } from './rootfs/srv/session-room/own-address.mjs'

const ready = {
  currentNetworkState: 'Ready',
  externalAddresses: [
    {
      ip: '1.2.3.4',
      ports: [
        { name: '8000', protocol: 'TCP', port: 550 },
        { name: '8001', protocol: 'UDP', port: 551 },
      ],
    },
    { ip: '', endPoint: 'room.example.com', ports: [{ name: '80', protocol: 'TCP', port: 80 }] },
  ],
}

describe('externalAddresses', () => {
  it('lists every port of every address', () => {
    expect(externalAddresses(JSON.stringify(ready)).map(({ protocol, address }) => `${protocol} ${address}`)).toEqual([
      'TCP 1.2.3.4:550',
      'UDP 1.2.3.4:551',
      'TCP room.example.com:80',
    ])
  })

  it.each(['', 'no json', 'null', '{}', JSON.stringify({ ...ready, currentNetworkState: 'NotReady' }), '{"currentNetworkState":"Ready"}'])(
    'has none in %j',
    text => {
      expect(externalAddresses(text)).toEqual([])
    },
  )
})

it('follows the file as the kubelet replaces it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podinfo-'))
  const put = async (version: string, text: string) => {
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'network-status'), text)
    await symlink(version, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  const ending = new AbortController()
  try {
    await put('..1', '')
    await symlink('..data/network-status', join(folder, 'network-status'))
    const changes: number[] = []
    const own = new OwnAddress(join(folder, 'network-status'), addresses => changes.push(addresses.length))
    await own.follow(ending.signal)
    expect(own.addresses).toEqual([])
    await put('..2', JSON.stringify(ready))
    for (let tries = 0; tries < 50 && own.addresses.length === 0; tries++) await sleep(20)
    expect(changes).toEqual([3])
  } finally {
    ending.abort()
    await rm(folder, { recursive: true })
  }
})
