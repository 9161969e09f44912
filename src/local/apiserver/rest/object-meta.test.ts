import { describe, expect, it } from 'vitest'
import type { Draft } from '../registry.ts'
import { dedupOwners, nameProblems, qualifiedNameProblems, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts'

const object = (metadata: Record<string, unknown>): Draft =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n', ...metadata } }) as unknown as Draft
const errors = (metadata: Record<string, unknown>) =>
  validateObjectMeta(object(metadata), true, 'subdomain').map(({ field, type }) => `${field} ${type}`)

describe('names', () => {
  it.each([
    ['a.b-c', 'subdomain', true],
    ['A', 'subdomain', false],
    ['a.b', 'label', false],
    ['1a', 'label', true],
    ['1a', 'dns1035', false],
    ['system:node', 'path', true],
    ['a/b', 'path', false],
    ['..', 'path', false],
    ['a'.repeat(254), 'subdomain', false],
    ['a'.repeat(64), 'label', false],
  ] as const)('%s as %s: %s', (name, rule, fine) => {
    expect(nameProblems(name, rule).length === 0).toBe(fine)
  })

  it.each([
    ['app', true],
    ['example.com/app', true],
    ['/app', false],
    ['example.com/', false],
    ['a/b/c', false],
    ['Upper.example/x', false],
    ['x'.repeat(64), false],
  ])('label key %s: %s', (key, fine) => {
    expect(qualifiedNameProblems(key).length === 0).toBe(fine)
  })
})

describe('metadata', () => {
  it.each([
    [{}, []],
    [{ name: '' }, ['metadata.name FieldValueRequired']],
    [{ namespace: 'N' }, ['metadata.namespace FieldValueInvalid']],
    [{ labels: { a: 'x y' } }, ['metadata.labels FieldValueInvalid']],
    [{ annotations: { 'a b': 'x' } }, ['metadata.annotations FieldValueInvalid']],
    [{ annotations: { a: 'x'.repeat(300_000) } }, ['metadata.annotations FieldValueTooLong']],
    [{ finalizers: ['not ok'] }, ['metadata.finalizers FieldValueInvalid', 'metadata.finalizers[0] FieldValueInvalid']],
    [{ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: '' }] }, ['metadata.ownerReferences.uid FieldValueInvalid']],
    [
      { ownerReferences: ['x', 'y'].map(name => ({ apiVersion: 'v1', kind: 'Pod', name, uid: name, controller: true })) },
      ['metadata.ownerReferences FieldValueInvalid'],
    ],
  ])('%j', (metadata, expected) => {
    expect(errors(metadata)).toEqual(expected)
  })

  it('keeps its identity, and takes no finalizer once it is going', () => {
    const old = object({ uid: '1', deletionTimestamp: 't', finalizers: ['a/b'] })
    const fields = validateObjectMetaUpdate(object({ uid: '2', deletionTimestamp: 't', finalizers: ['a/b', 'c/d'] }), old)
    expect(fields.map(({ field, detail }) => `${field}: ${detail}`)).toEqual([
      'metadata.uid: field is immutable',
      'metadata.finalizers: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    ])
  })
})

describe('owners', () => {
  const owner = (uid: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid, ...more })

  it.each([
    ['one', [owner('1')], [owner('1')], []],
    ['two', [owner('1'), owner('2')], [owner('1'), owner('2')], []],
    ['the same twice', [owner('1'), owner('2'), owner('1')], [owner('1'), owner('2')], ['1']],
    ['one with two opinions', [owner('1'), owner('1', { controller: true })], [owner('1'), owner('1', { controller: true })], ['1']],
  ])('%s', (_what, sent, kept, warned) => {
    const { metadata } = object({ ownerReferences: sent })
    const warnings: string[] = []
    dedupOwners(metadata, warnings)
    expect(metadata.ownerReferences).toEqual(kept)
    expect(warnings.map(text => text.replace(/.*observed: /, ''))).toEqual(warned)
  })
})
