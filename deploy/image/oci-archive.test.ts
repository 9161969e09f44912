import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { digest, type ImageConfig, layer, ociArchive, tagOf } from './oci-archive.ts'

const config: ImageConfig = { architecture: 'amd64', user: '1:1', entrypoint: ['/x'], env: ['A=b'], labels: { l: 'v' } }

/** The files of an archive; what `tar` writes is tested beside it. */
function filesOf(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; archive[at] !== 0; ) {
    const field = (offset: number, length: number): string =>
      archive.toString('latin1', at + offset, at + offset + length).split('\u0000', 1)[0] ?? ''
    const size = Number.parseInt(field(124, 12), 8)
    files.set(field(0, 100), archive.subarray(at + 512, at + 512 + size))
    at += 512 * (1 + Math.ceil(size / 512))
  }
  return files
}

test('index, manifest, config and layers name each other by digest and size', () => {
  const one = layer([{ type: 'file', path: 'x', mode: 0o755, content: Buffer.from('program') }], 'one')
  const two = layer([{ type: 'folder', path: 'tmp', mode: 0o1777 }], 'two')
  const files = filesOf(ociArchive('example.com/some/name:1.2', config, [one, two]))
  type Descriptor = { mediaType: string; digest: string; size: number; annotations?: Record<string, string> }
  const blob = ({ digest: name, size }: Descriptor): Buffer => {
    const content = files.get(`blobs/${name.replace(':', '/')}`) ?? Buffer.alloc(0)
    expect(digest(content)).toBe(name)
    expect(content.length).toBe(size)
    return content
  }
  const json = (content: Buffer | undefined) => JSON.parse(String(content))
  expect(json(files.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' })
  const [entry] = json(files.get('index.json')).manifests as [Descriptor]
  expect(entry.annotations).toEqual({
    'io.containerd.image.name': 'example.com/some/name:1.2',
    'org.opencontainers.image.ref.name': '1.2',
  })
  const manifest = json(blob(entry)) as { config: Descriptor; layers: Descriptor[] }
  const stored = json(blob(manifest.config))
  expect(stored.config).toEqual({ User: '1:1', Env: ['A=b'], Entrypoint: ['/x'], WorkingDir: '/', Labels: { l: 'v' } })
  expect(stored.rootfs.diff_ids).toEqual([one.diffId, two.diffId])
  expect(manifest.layers.map(descriptor => digest(gunzipSync(blob(descriptor))))).toEqual([one.diffId, two.diffId])
})

test.each([
  ['berth.dev/berth:0.1.0', '0.1.0'],
  ['localhost:5000/berth', 'latest'],
  ['localhost:5000/berth:x', 'x'],
])('the tag of %s is %s', (reference, tag) => {
  expect(tagOf(reference)).toBe(tag)
})
