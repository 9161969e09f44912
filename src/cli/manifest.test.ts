import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseManifests, readManifests } from './manifest.ts'

const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'

describe('the YAML dialect is that of kubectl', () => {
  test.each([
    ['on', true],
    ['y', true],
    ['No', false],
    ['true', true],
    ['0777', 511],
    ['0o777', 511],
    ['1_000', 1000],
    ['0x1F', 31],
    ['1.5', 1.5],
    ['2026-01-01', '2026-01-01'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['12:30', '12:30'],
    ['12:30:45.5', '12:30:45.5'],
    ['"on"', 'on'],
    ['~', null],
    ['1.10', 1.1],
    ['v1.10', 'v1.10'],
  ])('%s is %j', (text, value) => {
    expect(parseManifests(`${head}data: {x: ${text}}\n`, 'f')[0]?.object['data']).toEqual({ x: value })
  })

  test('anchors and merge keys work', () => {
    const text = `${head}base: &b {a: 1, c: 3}\ndata:\n  <<: *b\n  a: 2\n`
    expect(parseManifests(text, 'f')[0]?.object['data']).toEqual({ a: 2, c: 3 })
  })
})

describe('parseManifests', () => {
  test('reads several documents, skips empty ones, takes lists apart, and knows where each stands', () => {
    const list =
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n- {apiVersion: v1, kind: Pod, metadata: {name: c}}\n'
    const found = parseManifests(`# a comment\n---\n${head}---\n---\n${list}`, 'game.yaml')
    expect(found.map(({ source, object }) => [source, object.metadata.name])).toEqual([
      ['game.yaml:3', 'a'],
      ['game.yaml:8', 'b'],
      ['game.yaml:8', 'c'],
    ])
    expect(parseManifests('', 'f')).toEqual([])
    expect(parseManifests('{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"x-"}}', 'f')).toHaveLength(1)
  })

  test.each([
    ['a: [', /f: .*line 1/],
    ['a: 1\na: 2', /f: .*unique.*line 2/],
    ['- 1', /f:1: this is no Kubernetes object/],
    ['kind: Pod', /f:1: the object has no apiVersion/],
    ['apiVersion: v1', /f:1: the object has no kind/],
    ['\n\napiVersion: v1\nkind: Pod\nmetadata: {}', /f:3: the Pod has no metadata\.name/],
  ])('refuses %j', (text, message) => {
    expect(() => parseManifests(text, 'f')).toThrow(message)
  })
})

describe('readManifests', () => {
  let cwd = ''
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'manifests-'))
    await mkdir(join(cwd, 'sub', 'below'), { recursive: true })
    for (const file of ['b.yaml', 'a.yml', 'c.json', 'ignored.txt', 'below/d.yaml']) {
      await writeFile(join(cwd, 'sub', file), `{apiVersion: v1, kind: Pod, metadata: {name: ${file.replace(/\W/g, '-')}}}`)
    }
  })
  afterAll(() => rm(cwd, { recursive: true }))
  const stdin = (async function* () {
    yield head
  })()
  const names = async (sources: string[], recursive?: boolean) =>
    (await readManifests({ cwd, stdin }, sources, recursive)).map(({ object }) => object.metadata.name)

  test('reads files, folders in order of name, folders below only when asked, and standard input', async () => {
    expect(await names(['sub'])).toEqual(['a-yml', 'b-yaml', 'c-json'])
    expect(await names(['sub'], true)).toEqual(['a-yml', 'b-yaml', 'below-d-yaml', 'c-json'])
    expect(await names(['sub/b.yaml', '-'])).toEqual(['b-yaml', 'a'])
    await expect(names(['nope'])).rejects.toThrow('there is no file or folder nope')
  })
})
