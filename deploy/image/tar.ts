/** One entry of an archive. Owner is always root, times are always the epoch: the same content gives the same bytes. */
export type TarEntry =
  | { readonly type: 'folder'; readonly path: string; readonly mode: number }
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'link'; readonly path: string; readonly target: string }

const block = 512
const typeFlag = { file: '0', link: '2', folder: '5' } as const

/**
 * A tar archive in the ustar format (POSIX.1-1988), entries in the given order. Paths are relative and at most 100 bytes; a longer one throws a
 * RangeError, as does a file of 8 GiB or more.
 */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    parts.push(header(entry))
    if (entry.type !== 'file') continue
    parts.push(entry.content, new Uint8Array((block - (entry.content.length % block)) % block))
  }
  // Two empty blocks are the end.
  return Buffer.concat([...parts, new Uint8Array(2 * block)])
}

function header(entry: TarEntry): Buffer {
  const bytes = Buffer.alloc(block)
  text(bytes, 0, 100, entry.type === 'folder' ? `${entry.path}/` : entry.path)
  octal(bytes, 100, 8, entry.type === 'link' ? 0o777 : entry.mode)
  octal(bytes, 108, 8, 0)
  octal(bytes, 116, 8, 0)
  octal(bytes, 124, 12, entry.type === 'file' ? entry.content.length : 0)
  octal(bytes, 136, 12, 0)
  bytes.fill(' ', 148, 156)
  text(bytes, 156, 1, typeFlag[entry.type])
  if (entry.type === 'link') text(bytes, 157, 100, entry.target)
  text(bytes, 257, 8, 'ustar\u000000')
  octal(bytes, 329, 8, 0)
  octal(bytes, 337, 8, 0)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  text(bytes, 148, 8, `${sum.toString(8).padStart(6, '0')}\u0000 `)
  return bytes
}

function text(bytes: Buffer, offset: number, length: number, value: string): void {
  if (Buffer.byteLength(value) > length) throw new RangeError(`too long for a tar header: ${value}`)
  bytes.write(value, offset)
}

function octal(bytes: Buffer, offset: number, length: number, value: number): void {
  text(bytes, offset, length, `${value.toString(8).padStart(length - 1, '0')}\u0000`)
}
