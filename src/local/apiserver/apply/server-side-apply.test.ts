import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import type { StructuralSchema } from '../../../schema/structural.ts'
import type { Draft } from '../registry.ts'
import { difference, pathsOf, type FieldSet } from './field-set.ts'
import { fieldsOf } from './fields-of.ts'
import { rootSchema } from './granularity.ts'
import { trackUpdate } from './ownership.ts'
import { applyConfiguration, conflictStatus } from './server-side-apply.ts'

const schema = builtinSchema({ group: 'apps', version: 'v1', kind: 'Deployment' }) ?? {}
const options = (manager: string, time = '2026-01-01T00:00:00Z') => ({
  manager,
  apiVersion: 'apps/v1',
  time,
  force: false,
  hasStatus: true,
})

function deployment(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): Draft {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec,
  } as unknown as Draft
}

const container = (name: string, image: string, more: Record<string, unknown> = {}) => ({ name, image, ...more })
const template = (...containers: unknown[]) => ({ spec: { containers } })

function applied(live: Draft | undefined, config: Draft, manager = 'a', force = false): Draft {
  const result = applyConfiguration(schema, live, config, { ...options(manager), force })
  if (result.outcome !== 'applied') throw new Error(conflictStatus(result.conflicts).message)
  return result.object
}

function owned(object: Draft, manager: string): string[] {
  return (object.metadata.managedFields ?? [])
    .filter(entry => entry.manager === manager)
    .flatMap(entry => pathsOf(entry.fieldsV1 as FieldSet))
}

describe('applyConfiguration', () => {
  it('creates, and owns what was applied', () => {
    const object = applied(undefined, deployment({ replicas: 2, template: template(container('web', 'nginx')) }, { labels: { a: 'b' } }))
    expect(object['spec']).toEqual({ replicas: 2, template: template(container('web', 'nginx')) })
    expect(owned(object, 'a').toSorted()).toEqual([
      '.metadata.labels.a',
      '.spec.replicas',
      '.spec.template.spec.containers[name="web"]',
      '.spec.template.spec.containers[name="web"].image',
      '.spec.template.spec.containers[name="web"].name',
    ])
    expect(object.metadata.managedFields?.[0]).toMatchObject({
      manager: 'a',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      fieldsType: 'FieldsV1',
    })
  })

  it('changes nothing when applied again, not even a time', () => {
    const config = deployment({ replicas: 2, template: template(container('web', 'nginx', { ports: [{ containerPort: 80 }] })) })
    const first = applied(undefined, config)
    const result = applyConfiguration(schema, first, config, options('a', '2027-01-01T00:00:00Z'))
    expect(result).toEqual({ outcome: 'applied', object: first })
  })

  it('removes what is applied no longer, and what hangs on it', () => {
    const first = applied(
      undefined,
      deployment({ replicas: 2, paused: true, template: template(container('a', '1'), container('b', '1')) }),
    )
    const defaulted = structuredClone(first)
    const containers = (defaulted['spec'] as { template: { spec: { containers: Record<string, unknown>[] } } }).template.spec.containers
    containers[1]!['terminationMessagePath'] = '/dev/termination-log'
    const second = applied(defaulted, deployment({ replicas: 2, template: template(container('a', '1')) }))
    expect(second['spec']).toEqual({ replicas: 2, template: template(container('a', '1')) })
  })

  it('keeps what another manager owns when the applier lets go', () => {
    const live = applied(undefined, deployment({ replicas: 2, minReadySeconds: 5, template: template(container('a', '1')) }))
    const shared = applied(live, deployment({ replicas: 2 }), 'b')
    expect(owned(shared, 'b')).toEqual(['.spec.replicas'])
    const after = applied(shared, deployment({ template: template(container('a', '1')) }))
    expect(after['spec']).toEqual({ replicas: 2, template: template(container('a', '1')) })
    expect(owned(after, 'a')).not.toContain('.spec.replicas')
  })

  it('removes a struct of which nothing is owned any more', () => {
    const first = applied(undefined, deployment({ replicas: 1, strategy: { rollingUpdate: { maxSurge: 1 } } }))
    const live = structuredClone(first)
    Object.assign((live['spec'] as { strategy: object }).strategy, { type: 'RollingUpdate' })
    expect(applied(live, deployment({ replicas: 1 }))['spec']).toEqual({ replicas: 1 })
  })

  it('keeps defaults that nobody owns', () => {
    const live = applied(undefined, deployment({ replicas: 1 }))
    const defaulted = deployment({ replicas: 1, revisionHistoryLimit: 10 }, live.metadata as unknown as Record<string, unknown>)
    expect(applied(defaulted, deployment({ replicas: 3 }))['spec']).toEqual({ replicas: 3, revisionHistoryLimit: 10 })
  })

  it('tells of conflicts in the words of Kubernetes', () => {
    const live = deployment({ replicas: 1, template: template(container('web', 'nginx:1')) })
    live.metadata.managedFields = trackUpdate(schema, undefined, live, {
      manager: 'kubectl-client-side-apply',
      apiVersion: 'apps/v1',
      time: '2026-01-01T00:00:00Z',
    })
    const one = applyConfiguration(schema, live, deployment({ replicas: 3 }), options('a'))
    expect(one.outcome === 'conflict' && conflictStatus(one.conflicts)).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: '.spec.replicas' },
        ],
      },
    })
    const two = applyConfiguration(schema, live, deployment({ replicas: 3, template: template(container('web', 'nginx:2')) }), options('a'))
    expect(two.outcome === 'conflict' && conflictStatus(two.conflicts).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image',
    )
  })

  it('takes over by force', () => {
    const live = applied(undefined, deployment({ replicas: 1, paused: true }), 'b')
    const forced = applied(live, deployment({ replicas: 3 }), 'a', true)
    expect(forced['spec']).toEqual({ replicas: 3, paused: true })
    expect(owned(forced, 'a')).toEqual(['.spec.replicas'])
    expect(owned(forced, 'b')).toEqual(['.spec.paused'])
  })

  it('shares equal values without a conflict', () => {
    const live = applied(undefined, deployment({ replicas: 1 }), 'b')
    const shared = applied(live, deployment({ replicas: 1 }), 'a')
    expect([owned(shared, 'a'), owned(shared, 'b')]).toEqual([['.spec.replicas'], ['.spec.replicas']])
  })

  it('ignores status in the object and everything else in the status', () => {
    const config = { ...deployment({ replicas: 1 }), status: { replicas: 9 } } as Draft
    const object = applied(undefined, config)
    expect(object['status']).toBeUndefined()
    const status = applyConfiguration(schema, object, config, { ...options('kubelet'), subresource: 'status' })
    expect(status.outcome === 'applied' && status.object['status']).toEqual({ replicas: 9 })
    expect(status.outcome === 'applied' && owned(status.object, 'kubelet')).toEqual(['.status.replicas'])
  })

  it('conflicts with objects that never had managers', () => {
    const result = applyConfiguration(schema, deployment({ replicas: 1 }), deployment({ replicas: 2 }), options('a'))
    expect(result.outcome === 'conflict' && result.conflicts[0]).toMatchObject({ manager: 'before-first-apply', field: '.spec.replicas' })
  })

  it('merges ports by number and protocol, with TCP where none is named', () => {
    const ports = (...list: unknown[]) => deployment({ template: template(container('a', '1', { ports: list })) })
    const live = applied(undefined, ports({ containerPort: 80, protocol: 'TCP' }, { containerPort: 80, protocol: 'UDP' }))
    const next = applied(live, ports({ containerPort: 80, name: 'http' }), 'b')
    const spec = next['spec'] as { template: { spec: { containers: { ports: unknown }[] } } }
    expect(spec.template.spec.containers[0]?.ports).toEqual([
      { containerPort: 80, protocol: 'TCP', name: 'http' },
      { containerPort: 80, protocol: 'UDP' },
    ])
  })

  it.each([
    ['ab', 'c', 'abc'],
    ['ab', 'cb', 'acb'],
    ['ab', 'ba', 'ba'],
    ['abc', 'ac', 'abc'],
    ['abc', 'xc', 'abxc'],
    ['abcd', 'da', 'dabc'],
  ])('lays the list %s under %s: %s', (live, config, result) => {
    const of = (names: string) => deployment({ template: template(...names.split('').map(name => container(name, '1'))) })
    const next = applied(applied(undefined, of(live)), of(config), 'b')
    const spec = next['spec'] as { template: { spec: { containers: { name: string }[] } } }
    expect(spec.template.spec.containers.map(({ name }) => name).join('')).toBe(result)
  })
})

const worldSchema: StructuralSchema = {
  type: 'object',
  properties: {
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      properties: {
        n: { type: 'integer' },
        atomic: { type: 'array', items: { type: 'integer' } },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        map: { type: 'object', additionalProperties: { type: 'integer' } },
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' }, w: { type: 'integer' } } },
        },
      },
    },
  },
}
const small = fc.integer({ min: 0, max: 2 })
const name = fc.constantFrom('x', 'y', 'z')
const spec = fc.record(
  {
    n: small,
    atomic: fc.array(small, { maxLength: 2 }),
    set: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    map: fc.dictionary(name, small, { minKeys: 1, maxKeys: 3 }),
    list: fc.uniqueArray(fc.record({ k: name, v: small, w: small }, { requiredKeys: ['k'] }), {
      selector: ({ k }) => k,
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
)
const step = fc.record({ manager: fc.constantFrom('a', 'b'), apply: fc.boolean(), spec })
const world = (content: unknown): Draft => ({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'o' }, spec: content }) as unknown as Draft

function run(steps: readonly { manager: string; apply: boolean; spec: unknown }[]): Draft | undefined {
  let live: Draft | undefined
  for (const { manager, apply, spec: content } of steps) {
    const writer = { manager, apiVersion: 'x/v1', time: '2026-01-01T00:00:00Z' }
    const config = world(content)
    if (apply) {
      const result = applyConfiguration(worldSchema, live, config, { ...writer, force: true, hasStatus: false })
      if (result.outcome === 'applied') live = result.object
    } else {
      const managedFields = trackUpdate(worldSchema, live, config, writer)
      live = { ...config, metadata: { ...config.metadata, managedFields } }
    }
  }
  return live
}

/** Fields of a set that an object does not have; structs are no fields of their own. */
function missing(set: FieldSet, object: Draft): string[] {
  return pathsOf(difference(set, fieldsOf(object, rootSchema(worldSchema), 'update'))).filter(path => path !== '.spec')
}

describe('properties', () => {
  it('an apply contains what was applied, owns exactly that, and does nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), spec, (steps, content) => {
        const live = run(steps)
        const config = world(content)
        const writer = { manager: 'a', apiVersion: 'x/v1', time: '2026-01-01T00:00:00Z', force: true, hasStatus: false }
        const first = applyConfiguration(worldSchema, live, config, writer)
        if (first.outcome !== 'applied') return expect.unreachable()
        const wanted = fieldsOf(config, rootSchema(worldSchema), 'apply')
        const entry = first.object.metadata.managedFields?.find(({ manager, operation }) => manager === 'a' && operation === 'Apply')
        expect(pathsOf((entry?.fieldsV1 ?? {}) as FieldSet).toSorted()).toEqual(pathsOf(wanted).toSorted())
        expect(missing(wanted, first.object)).toEqual([])
        const second = applyConfiguration(worldSchema, first.object, config, { ...writer, time: '2030-01-01T00:00:00Z' })
        expect(second).toEqual(first)
      }),
    )
  })

  it('no manager owns what is not there', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), steps => {
        const object = run(steps)
        if (object === undefined) return expect.unreachable()
        for (const entry of object.metadata.managedFields ?? []) expect(missing(entry.fieldsV1 as FieldSet, object)).toEqual([])
      }),
    )
  })
})
