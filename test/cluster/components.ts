import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { must, run } from '../harness/run.ts'

/** The Kubernetes that a cluster has when nobody asks for another. */
export const defaultVersion = '1.34.4'

/** Where what is expensive to build stays between checkouts. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'berth')

/** Programs built together, because one Go module requires them at one set of versions. */
interface Build {
  /** Folder in the cache; names the version, so that another version is another build. */
  name: string
  /** `go.mod`, without the module line. */
  requires: string
  /** Program name → its Go package. */
  programs: Record<string, string>
  /** Sources of the module's own packages. */
  sources?: Record<string, string>
  ldflags?: string
}

/** The modules that live in Kubernetes' own repository: its go.mod names all of them at v0.0.0, which only a replacement satisfies. */
const staging =
  `api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator component-base
  component-helpers controller-manager cri-api cri-client csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator
  kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin
  sample-controller`.split(/\s+/)

function kubernetes(version: string): Build {
  const library = version.replace(/^1\./, '0.')
  const [major, minor] = version.split('.')
  const stamp = 'k8s.io/component-base/version'
  return {
    name: `kubernetes-${version}`,
    requires: [
      `require k8s.io/kubernetes v${version}`,
      'replace (',
      ...staging.map(module => `\tk8s.io/${module} => k8s.io/${module} v${library}`),
      ')',
    ].join('\n'),
    programs: Object.fromEntries(
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'].map(name => [
        name,
        `k8s.io/kubernetes/cmd/${name}`,
      ]),
    ),
    ldflags: `-X ${stamp}.gitVersion=v${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
  }
}

const etcd: Build = {
  name: 'etcd-3.7.3',
  requires: 'require go.etcd.io/etcd/server/v3 v3.7.3',
  programs: { etcd: './etcd' },
  sources: {
    'etcd/main.go':
      'package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\nfunc main() { etcdmain.Main(os.Args) }\n',
  },
}

const kwok: Build = {
  name: 'kwok-0.8.0',
  requires: 'require sigs.k8s.io/kwok v0.8.0',
  programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
}

const helm: Build = {
  name: 'helm-3.22.0',
  requires: 'require helm.sh/helm/v3 v3.22.0',
  programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  ldflags: '-X helm.sh/helm/v3/internal/version.version=v3.22.0',
}

/** The sandbox container of every pod: it holds the pod's namespaces, reaps what is orphaned in them and ends when told. */
const pause: Build = {
  name: 'pause-1',
  requires: '',
  programs: { pause: './pause' },
  sources: {
    'pause/main.go': `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGINT, syscall.SIGTERM)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
`,
  },
}

async function built(build: Build, report: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder, build.name)
  const bin = join(folder, 'bin')
  if (Object.keys(build.programs).every(name => existsSync(join(bin, name)))) return bin
  const started = Date.now()
  report(`building ${build.name} from its Go modules (once) …`)
  const work = join(folder, 'module')
  await rm(work, { recursive: true, force: true })
  for (const [path, text] of Object.entries({
    'go.mod': [
      'module berth.dev/cluster',
      'go 1.24.0',
      build.requires,
      ...Object.values(build.programs)
        .filter(path => !path.startsWith('./'))
        .map(path => `tool ${path}`),
      '',
    ].join('\n'),
    ...build.sources,
  })) {
    await mkdir(join(work, path, '..'), { recursive: true })
    await writeFile(join(work, path), text)
  }
  const options = { cwd: work, env: { CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' }, timeout: 30 * 60_000 }
  must(await run('go', ['mod', 'tidy'], options), 'go mod tidy')
  const fresh = join(folder, `bin-${process.pid}`)
  await mkdir(fresh, { recursive: true })
  must(
    await run(
      'go',
      ['build', '-trimpath', '-ldflags', `-s -w ${build.ldflags ?? ''}`, '-o', `${fresh}/`, ...Object.values(build.programs)],
      options,
    ),
    `go build of ${build.name}`,
  )
  // A rename makes the programs appear all at once: a build that was killed leaves nothing that looks finished.
  await rm(bin, { recursive: true, force: true })
  await rename(fresh, bin)
  report(`built ${build.name} in ${Math.round((Date.now() - started) / 1000)} s`)
  return bin
}

/** Paths of the programs of a cluster. */
export type Programs = Record<
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'etcd'
  | 'kwok'
  | 'helm'
  | 'pause',
  string
>

/**
 * Builds what is missing in the cache and says where everything is. The first build takes some six minutes on two cores; needs Go and its
 * module proxy. `version` is a released Kubernetes (`1.34.4`).
 */
export async function programs(version: string, report: (line: string) => void): Promise<Programs> {
  const paths: Record<string, string> = {}
  for (const build of [kubernetes(version), etcd, kwok, helm, pause]) {
    const bin = await built(build, report)
    for (const name of Object.keys(build.programs)) paths[name] = join(bin, name)
  }
  return paths as Programs
}

/** The program of `test/cluster/go`: Go's own clients of Kubernetes. Built anew when its sources change; needs Go and its module proxy. */
export async function goClients(): Promise<string> {
  const source = join(import.meta.dirname, 'go')
  const files = (await readdir(source)).toSorted()
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(join(source, file)))
  const folder = join(cacheFolder, `go-clients-${hash.digest('hex').slice(0, 12)}`)
  const program = join(folder, 'bin', 'go-clients')
  if (existsSync(program)) return program
  await mkdir(join(folder, 'bin'), { recursive: true })
  const fresh = `${program}-${process.pid}`
  const options = { cwd: source, env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }, timeout: 10 * 60_000 }
  must(await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', fresh, '.'], options), 'go build of test/cluster/go')
  await rename(fresh, program)
  return program
}
