import { posix } from 'node:path'
import { RuntimeError } from './runtime-error.ts'

/**
 * Follows symbolic links inside a container's root, so that no link of an image leads out of it.
 * @param readLink what the link at an absolute path of the container says; undefined for everything that is no link
 * @throws RuntimeError `CreateContainerError` for links that go around in circles
 */
export async function resolveLinks(path: string, readLink: (path: string) => Promise<string | undefined>): Promise<string> {
  let todo = names(posix.normalize(path))
  let done: string[] = []
  let followed = 0
  while (todo.length > 0) {
    const [name = '', ...rest] = todo
    todo = rest
    if (name === '.') continue
    if (name === '..') {
      done = done.slice(0, -1)
      continue
    }
    const link = await readLink(`/${[...done, name].join('/')}`)
    if (link === undefined) {
      done = [...done, name]
      continue
    }
    if (++followed > 40) throw new RuntimeError('CreateContainerError', `${path}: too many levels of symbolic links`)
    if (link.startsWith('/')) done = []
    todo = [...names(link), ...todo]
  }
  return `/${done.join('/')}`
}

const names = (path: string) => path.split('/').filter(Boolean)
