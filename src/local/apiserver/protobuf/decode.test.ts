import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { decodeProtobuf, ProtobufError } from './decode.ts'

/** Bodies as kubectl 1.32 sends them. */
const sent = {
  deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErABChsKAWQSABoAIgAqADIAOABCAFoICgNhcHASAWQSggEIAxIKCggKA2FwcBIBZBpqChoKABIAGgAiACoAMgA4AEIAWggKA2FwcBIBZBJMEi4KBW5naW54EgVuZ2lueCoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA',
  service:
    'azhzAAoNCgJ2MRIHU2VydmljZRJpCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEkIKGwoHODAtODA4MBIDVENQGFAiBwgAEJA/GgAoABIKCgNhcHASA3N2YxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
  token: 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIaChAKABIAGgAiACoAMgA4AEIAEgAaBAoAEgAaACIA',
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAXASAXEaABoAIgA=',
}
const decode = (text: string) => decodeProtobuf(Buffer.from(text, 'base64'))

/** Wraps a message as Kubernetes does. */
function unknown(apiVersion: string, kind: string, raw: BinaryWriter): Uint8Array {
  const meta = new BinaryWriter().uint32(10).string(apiVersion).uint32(18).string(kind)
  const body = new BinaryWriter().uint32(10).bytes(meta.finish()).uint32(18).bytes(raw.finish())
  return Uint8Array.of(0x6b, 0x38, 0x73, 0, ...body.finish())
}

const message = (number: number, inner: BinaryWriter, outer = new BinaryWriter()) => outer.uint32((number << 3) | 2).bytes(inner.finish())

describe('decodeProtobuf', () => {
  it('reads a Deployment of kubectl create', () => {
    expect(decode(sent.deployment)).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'd', labels: { app: 'd' } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'd' } },
        template: {
          metadata: { labels: { app: 'd' } },
          spec: { containers: [{ name: 'nginx', image: 'nginx', ports: [{ containerPort: 80 }], resources: {} }] },
        },
        strategy: {},
      },
      status: {},
    })
  })

  it('reads a Service with its int-or-string ports', () => {
    expect(decode(sent.service)['spec']).toEqual({
      ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080 }],
      selector: { app: 'svc' },
      type: 'ClusterIP',
    })
  })

  it('reads bytes as base64', () => {
    expect(decode(sent.secret)).toMatchObject({ kind: 'Secret', data: { p: 'cQ==' } })
  })

  it('reads a TokenRequest', () => {
    expect(decode(sent.token)).toMatchObject({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: {} })
  })

  it('reads a Lease with its times and zero pointers', () => {
    const time = new BinaryWriter().uint32(8).int64(1_767_225_600).uint32(16).int32(123_456_789)
    const spec = new BinaryWriter().uint32(10).string('me').uint32(16).int32(15)
    message(3, time, spec)
    spec.uint32(40).int32(0)
    expect(decodeProtobuf(unknown('coordination.k8s.io/v1', 'Lease', message(2, spec)))).toEqual({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      spec: { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: '2026-01-01T00:00:00.123456Z', leaseTransitions: 0 },
    })
  })

  it('reads inlined members, quantities, text ports and negative numbers of a pod', () => {
    const quantity = new BinaryWriter().uint32(10).string('cpu').uint32(18).bytes(new BinaryWriter().uint32(10).string('500m').finish())
    const port = new BinaryWriter().uint32(8).int64(1).uint32(26).string('http')
    const httpGet = message(2, port)
    const probe = message(1, message(2, httpGet)).uint32(16).int32(-1)
    const container = new BinaryWriter().uint32(10).string('c')
    message(8, message(1, quantity), container)
    message(10, probe, container)
    const volume = new BinaryWriter().uint32(10).string('v')
    message(2, message(2, new BinaryWriter()), volume)
    const spec = message(2, container, message(1, volume)).uint32(32).int64(0)
    expect(decodeProtobuf(unknown('v1', 'Pod', message(2, spec)))['spec']).toEqual({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        { name: 'c', resources: { limits: { cpu: '500m' } }, livenessProbe: { httpGet: { port: 'http' }, initialDelaySeconds: -1 } },
      ],
      terminationGracePeriodSeconds: 0,
    })
  })

  it('reads the data of a ControllerRevision', () => {
    const raw = new BinaryWriter().uint32(10).bytes(Buffer.from('{"spec":{"a":1}}'))
    const revision = message(2, raw).uint32(24).int64(7)
    expect(decodeProtobuf(unknown('apps/v1', 'ControllerRevision', revision))).toMatchObject({ data: { spec: { a: 1 } }, revision: 7 })
  })

  it('reads DeleteOptions under any version', () => {
    const options = new BinaryWriter().uint32(8).int64(0).uint32(34).string('Background')
    expect(decodeProtobuf(unknown('apps/v1', 'DeleteOptions', options))).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'apps/v1',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Background',
    })
  })

  it('skips fields it does not know', () => {
    const map = new BinaryWriter().uint32(8 * 900).int32(5)
    expect(decodeProtobuf(unknown('v1', 'ConfigMap', map))).toEqual({ kind: 'ConfigMap', apiVersion: 'v1' })
  })

  it('takes an empty body as no object', () => {
    expect(decodeProtobuf(new Uint8Array())).toEqual({})
  })

  it.each([
    ['JSON', Buffer.from('{}'), 400],
    ['a broken message', Buffer.from('k8s\0\x0a\xff', 'latin1'), 400],
    ['an unknown kind', unknown('example.com/v1', 'Game', new BinaryWriter()), 415],
  ])('refuses %s', (_, body, status) => {
    try {
      decodeProtobuf(body)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ProtobufError)
      expect((error as ProtobufError).status).toBe(status)
    }
  })
})
