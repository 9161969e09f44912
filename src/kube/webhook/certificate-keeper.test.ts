import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  apiservices,
  mutatingwebhookconfigurations,
  secrets,
  validatingwebhookconfigurations,
} from '../../apis/core/resources.generated.ts'
import { ApiUnderTest } from '../../local/apiserver/testing/api-under-test.ts'
import type { Client } from '../client.ts'
import { FakeClock } from '../fake-clock.ts'
import { RestClient } from '../rest-client.ts'
import type { KeyAndCertificate } from '../tls/certificates.ts'
import { CertificateKeeper } from './certificate-keeper.ts'
import { aggregatedApi, mutatingConfiguration, type TrustingObject, validatingConfiguration } from './trusting-object.ts'

const minute = 60_000
const namespace = 'default'
const service = { name: 'hooks', namespace, path: '/' }
const webhook = (name: string) => ({
  name: `${name}.example.com`,
  clientConfig: { service },
  rules: [{ operations: ['CREATE' as const], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['things'] }],
  sideEffects: 'None' as const,
  admissionReviewVersions: ['v1'],
})

/** A cluster whose time is the test's, and replicas that keep certificates in it. */
class World implements AsyncDisposable {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1))
  readonly client: Client
  readonly replicas: Replica[] = []
  readonly #api: ApiUnderTest

  private constructor(api: ApiUnderTest) {
    this.#api = api
    this.client = new RestClient({ transport: api.transport })
  }

  static async start(): Promise<World> {
    const world = new World(await ApiUnderTest.start())
    await world.configure()
    return world
  }

  async configure(...names: string[]): Promise<void> {
    const webhooks = (names.length === 0 ? ['a', 'b'] : names).map(webhook)
    await this.client.create(validatingwebhookconfigurations, { metadata: { name: 'hooks' }, webhooks })
  }

  async replica(names = ['hooks.default.svc'], trusting?: readonly TrustingObject[]): Promise<Replica> {
    const replica = new Replica(this, names, trusting)
    this.replicas.push(replica)
    void replica.keeper.start(new AbortController().signal).catch(() => {})
    await this.settle()
    return replica
  }

  /** Requests to the server in this process need some turns, which the clock does not know of. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await this.clock.advance(0)
  }

  async pass(ms: number, step = minute): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      await this.clock.advance(Math.min(step, left))
      await this.settle()
    }
  }

  async secret() {
    return this.client.get(secrets, { namespace, name: 'hooks-tls' })
  }

  /** PEM by webhook. */
  async bundles(): Promise<string[]> {
    const { webhooks = [] } = await this.client.get(validatingwebhookconfigurations, { name: 'hooks' })
    return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString())
  }

  /** Every call would succeed now, whoever answers it. */
  async expectTrust(): Promise<void> {
    for (const bundle of await this.bundles()) {
      const authorities = (bundle.match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []).map(pem => new X509Certificate(pem))
      for (const { shown } of this.replicas) {
        const cert = new X509Certificate(shown.at(-1)?.cert ?? '')
        expect(cert.validToDate.getTime()).toBeGreaterThan(this.clock.now())
        const issuers = authorities.filter(authority => cert.verify(authority.publicKey))
        expect(issuers).toHaveLength(1)
        expect(issuers[0]?.validToDate.getTime()).toBeGreaterThan(this.clock.now())
      }
    }
  }

  async stop(replica: Replica): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1)
    await replica.keeper[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let last = this.replicas.at(-1); last !== undefined; last = this.replicas.at(-1)) await this.stop(last)
    await this.#api[Symbol.asyncDispose]()
  }
}

class Replica {
  readonly shown: KeyAndCertificate[] = []
  readonly keeper: CertificateKeeper

  constructor(
    { client, clock }: World,
    names: readonly string[],
    trusting: readonly TrustingObject[] = [validatingConfiguration('hooks')],
  ) {
    this.keeper = new CertificateKeeper({
      client,
      clock,
      namespace,
      secretName: 'hooks-tls',
      trusting,
      names,
      lifetimeMs: 90 * minute,
      onCertificate: certificate => this.shown.push(certificate),
    })
  }
}

describe('the keeper of webhook certificates', () => {
  it('has every object that it is told of trust the same authority, also one that comes later', async () => {
    await using world = await World.start()
    const trusting = [validatingConfiguration('hooks'), mutatingConfiguration('hooks'), aggregatedApi('v1.things.example.com')]
    await world.replica(['hooks.default.svc'], trusting)
    const [bundle] = await world.bundles()
    await world.client.create(apiservices, {
      metadata: { name: 'v1.things.example.com' },
      spec: {
        group: 'things.example.com',
        version: 'v1',
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { name: 'hooks', namespace },
      },
    })
    await world.client.create(mutatingwebhookconfigurations, { metadata: { name: 'hooks' }, webhooks: [webhook('c')] })
    await world.pass(2 * minute)
    const api = await world.client.get(apiservices, { name: 'v1.things.example.com' })
    expect(Buffer.from(api.spec?.caBundle ?? '', 'base64').toString()).toBe(bundle)
    const mutating = await world.client.get(mutatingwebhookconfigurations, { name: 'hooks' })
    expect(mutating.webhooks?.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString())).toEqual([bundle])
  })

  it('makes a Secret and has the configuration trust it; the next start finds both and changes nothing', async () => {
    await using world = await World.start()
    const first = await world.replica()
    await world.expectTrust()
    const secret = await world.secret()
    expect(secret).toMatchObject({ type: 'kubernetes.io/tls' })
    expect(Object.keys(secret.data ?? {}).sort()).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
    const configuration = await world.client.get(validatingwebhookconfigurations, { name: 'hooks' })
    await world.stop(first)
    const second = await world.replica()
    await world.pass(5 * minute)
    expect(second.shown).toEqual(first.shown)
    expect((await world.secret()).metadata.resourceVersion).toBe(secret.metadata.resourceVersion)
    const after = await world.client.get(validatingwebhookconfigurations, { name: 'hooks' })
    expect(after.metadata.resourceVersion).toBe(configuration.metadata.resourceVersion)
  })

  it('lets replicas that start at once agree on one', async () => {
    await using world = await World.start()
    const replicas = Array.from({ length: 5 }, () => new Replica(world, ['hooks.default.svc']))
    const started = Promise.all(replicas.map(({ keeper }) => keeper.start(new AbortController().signal)))
    world.replicas.push(...replicas)
    await world.pass(3 * minute)
    await started
    expect(new Set(replicas.map(({ shown }) => shown.at(-1)?.cert)).size).toBe(1)
    await world.expectTrust()
  })

  it('renews serving certificates and authorities, and at no time is one shown that callers do not trust', {
    timeout: 30_000,
  }, async () => {
    await using world = await World.start()
    const replicas = [await world.replica(), await world.replica()]
    const [authority] = await world.bundles()
    let most = 0
    // The authority is changed at two thirds of its six hours.
    for (let at = 0; at < 280; at += 1) {
      await world.pass(minute)
      await world.expectTrust()
      most = Math.max(most, (await world.bundles())[0]?.match(/BEGIN/g)?.length ?? 0)
    }
    const [a, b] = replicas.map(({ shown }) => shown.map(({ cert }) => cert))
    expect(a).toEqual(b)
    expect(a?.length).toBeGreaterThanOrEqual(5)
    expect(most).toBe(2)
    expect((await world.bundles())[0]).not.toContain(authority)
  })

  it('waits for a configuration that comes later, and gives a new one what it needs', async () => {
    await using world = await World.start()
    await world.client.delete(validatingwebhookconfigurations, { name: 'hooks' })
    const { shown } = await world.replica()
    expect(shown).toHaveLength(1)
    await world.configure('later')
    await world.pass(2 * minute)
    await world.expectTrust()
  })

  it('does not change a bundle that is right, and repairs one that was taken away', async () => {
    await using world = await World.start()
    await world.replica()
    const patch = [{ op: 'remove', path: '/webhooks/1/clientConfig/caBundle' }]
    await world.client.patch(validatingwebhookconfigurations, { name: 'hooks' }, patch, { type: 'json' })
    await world.pass(2 * minute)
    await world.expectTrust()
  })

  it('keeps trusting what other replicas show when a new one makes a lost Secret again', async () => {
    await using world = await World.start()
    await world.replica()
    await world.client.delete(secrets, { namespace, name: 'hooks-tls' })
    await world.replica()
    expect(world.replicas[0]?.shown).toHaveLength(1)
    await world.expectTrust()
    await world.pass(15 * minute)
    await world.expectTrust()
    expect((await world.bundles())[0]?.match(/BEGIN/g)).toHaveLength(1)
  })

  it('serves two versions that are called by different names, without replacing each other for ever', async () => {
    await using world = await World.start()
    await world.replica(['old.default.svc'])
    await world.replica(['new.default.svc'])
    await world.pass(5 * minute)
    const { resourceVersion } = (await world.secret()).metadata
    for (const { shown } of world.replicas) {
      const { subjectAltName } = new X509Certificate(shown.at(-1)?.cert ?? '')
      expect(subjectAltName?.split(', ').sort()).toEqual(['DNS:new.default.svc', 'DNS:old.default.svc'])
    }
    await world.pass(20 * minute)
    expect((await world.secret()).metadata.resourceVersion).toBe(resourceVersion)
  })

  const secretPath = { namespace, name: 'hooks-tls' }
  const damages: Record<string, (world: World) => Promise<unknown>> = {
    'the Secret is deleted': world => world.client.delete(secrets, secretPath),
    'the authority is damaged': world => world.client.patch(secrets, secretPath, { stringData: { 'ca.key': 'x' } }, { type: 'merge' }),
    'the certificate is damaged': world => world.client.patch(secrets, secretPath, { stringData: { 'tls.crt': 'x' } }, { type: 'merge' }),
    'everything is gone': world =>
      world.client.patch(secrets, secretPath, { data: { 'ca.crt': null, 'tls.key': null } }, { type: 'merge' }),
    'the bundle is taken away': world =>
      world.client.patch(
        validatingwebhookconfigurations,
        { name: 'hooks' },
        [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }],
        {
          type: 'json',
        },
      ),
    'a replica starts': world => world.replica(),
    'a replica ends': async world => (world.replicas[0] === undefined ? undefined : world.stop(world.replicas[0])),
    'an hour passes': world => world.pass(60 * minute),
    'five hours pass': world => world.pass(300 * minute, 5 * minute),
  }

  it('finds its way back from whatever happens', { timeout: 60_000 }, async () => {
    const happening = fc.constantFrom(...Object.keys(damages))
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 6 }), async happenings => {
        await using world = await World.start()
        await world.replica()
        for (const what of happenings) {
          await damages[what]?.(world).catch(() => {})
          await world.settle()
        }
        if (world.replicas.length === 0) await world.replica()
        await world.pass(3 * minute)
        await world.expectTrust()
        expect(new Set(world.replicas.map(({ shown }) => shown.at(-1)?.cert)).size).toBe(1)
      }),
      { numRuns: 10 },
    )
  })
})
