import { kubernetesFacts } from '../../apis/core/facts.ts'
import type { ApiResponse } from './request.ts'

const checks = [
  'ping',
  'log',
  'storage',
  'informer-sync',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'shutdown',
]

/** `/version`, `/readyz`, `/livez` and `/healthz`, each also with `?verbose`; undefined for other paths. */
export function healthReply(path: string, query: URLSearchParams): ApiResponse | undefined {
  const contentType = 'text/plain; charset=utf-8'
  const [, area = '', check] = /^\/(readyz|livez|healthz)\/(.+)$/.exec(path) ?? []
  if (area !== '') return checks.includes(check ?? '') ? { status: 200, kind: 'text', text: 'ok', contentType } : undefined
  switch (path.replace(/\/$/, '')) {
    case '/version':
      return { status: 200, kind: 'object', object: versionInfo() }
    case '/readyz':
    case '/livez':
    case '/healthz': {
      if (!query.has('verbose')) return { status: 200, kind: 'text', text: 'ok', contentType }
      const lines = checks.map(name => `[+]${name} ok\n`).join('')
      return { status: 200, kind: 'text', text: `${lines}${path.slice(1)} check passed\n`, contentType }
    }
    default:
      return undefined
  }
}

function versionInfo(): object {
  const [major = '1', minor = ''] = kubernetesFacts().kubernetes.split('.')
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: `v${major}.${minor}.0+berth`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}
