import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { rootCertificates } from 'node:tls'
import { type ProgramFile, sidecarFile } from './bundle.ts'
import type { TarEntry } from './tar.ts'

/** Who the program runs as. */
export const user = { name: 'berth', id: 65_532 }

/** Where the program is. */
const programFolder = 'usr/share/berth'

const modules = resolve(import.meta.dirname, '../../node_modules')

/** The part of the root file system that seldom changes: Node with the shared libraries it needs, and what a process expects of a system. */
export function systemFiles(): TarEntry[] {
  const package_ = join(modules, `node-linux-${process.arch}`)
  const node = join(package_, 'bin/node')
  return withFolders([
    ...sharedLibraries(node).map(path => file(path.slice(1), 0o755, readFileSync(path))),
    file('usr/bin/node', 0o755, withoutSymbols(node)),
    file('usr/share/doc/node/LICENSE', 0o644, readFileSync(join(package_, 'LICENSE'))),
    // Mozilla's authorities as this Node carries them, for programs that look for the file: kubeconfigs may start some.
    file('etc/ssl/certs/ca-certificates.crt', 0o644, `${rootCertificates.join('\n')}\n`),
    file('etc/passwd', 0o644, `root:x:0:0:root:/:/sbin/nologin\n${user.name}:x:${user.id}:${user.id}::/:/sbin/nologin\n`),
    file('etc/group', 0o644, `root:x:0:\n${user.name}:x:${user.id}:\n`),
    file('etc/nsswitch.conf', 0o644, 'hosts: files dns\n'),
    { type: 'folder', path: 'tmp', mode: 0o1777 },
  ])
}

/** The part that every version of Berth changes. */
export function programFiles(files: readonly ProgramFile[]): TarEntry[] {
  return withFolders([
    ...files.map(([path, content]) =>
      file(`${programFolder}/${path}`, path === 'berth.js' || path === sidecarFile ? 0o755 : 0o644, content),
    ),
    { type: 'link', path: 'usr/bin/berth', target: '../share/berth/berth.js' },
    { type: 'link', path: 'usr/bin/berth-sdk-server', target: `../share/berth/${sidecarFile}` },
  ])
}

function file(path: string, mode: number, content: string | Uint8Array): TarEntry {
  return { type: 'file', path, mode, content: typeof content === 'string' ? Buffer.from(content) : content }
}

/** Absolute paths of the libraries and of the loader that a program is linked against. */
function sharedLibraries(program: string): string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' })
  const paths = [...listed.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(match => match[1] ?? '')
  if (paths.length === 0) throw new Error(`ldd lists no libraries of ${program}:\n${listed}`)
  return paths
}

/** Without the tables that only debuggers and native add-ons read, a seventh of the file; as it is where binutils are missing. */
function withoutSymbols(program: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'berth-image-'))
  try {
    const copy = join(folder, 'node')
    copyFileSync(program, copy)
    chmodSync(copy, 0o755)
    execFileSync('strip', ['--strip-all', copy])
    return readFileSync(copy)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return readFileSync(program)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The entries in the order of their paths, each after the folders it lies in. */
function withFolders(entries: readonly TarEntry[]): TarEntry[] {
  const all = new Map<string, TarEntry>()
  for (const entry of entries) {
    all.set(entry.path, entry)
    for (let path = dirname(entry.path); path !== '.'; path = dirname(path)) {
      if (!all.has(path)) all.set(path, { type: 'folder', path, mode: 0o755 })
    }
  }
  return [...all.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
