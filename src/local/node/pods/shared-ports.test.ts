import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { PodObject } from './container-state.ts'
import { portTroubles, wantedPorts } from './shared-ports.ts'

const pod = (...containers: object[]) => ({ metadata: { name: 'p', uid: 'u' }, spec: { containers } }) as unknown as PodObject

test('ports are those that containers declare and that probes dial in the pod', () => {
  const wanted = wantedPorts(
    pod(
      { name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }], readinessProbe: { tcpSocket: { port: 80 } } },
      { name: 'b', livenessProbe: { httpGet: { port: 8080 } }, startupProbe: { httpGet: { port: 9, host: 'elsewhere' } } },
      { name: 'c', ports: [{ containerPort: 9, protocol: 'SCTP' }], readinessProbe: { tcpSocket: { port: 'named' } } },
    ),
  )
  expect(wanted).toEqual([
    { port: 80, protocol: 'TCP' },
    { port: 80, protocol: 'UDP' },
    { port: 8080, protocol: 'TCP' },
  ])
})

test('says which port another program has, and takes none itself', async () => {
  await using taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const ports = [{ containerPort: port }, { containerPort: udp.address().port, protocol: 'UDP' }]
  const troubles = await portTroubles(pod({ name: 'a', ports }), '127.0.0.1')
  expect(troubles).toEqual([
    expect.stringMatching(`port ${port}/TCP of 127.0.0.1 .* another program has it.* POD_IP`),
    expect.stringMatching(`port ${udp.address().port}/UDP of 127.0.0.1 .* another program`),
  ])
  udp.close()
  taken.close()
  await once(taken, 'close')
  for (let i = 0; i < 2; i++) expect(await portTroubles(pod({ name: 'a', ports }), '127.0.0.1')).toEqual([])
})
