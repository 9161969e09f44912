import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Cluster, clusterNames, componentNames, defaultVersion, openCluster, startKubernetes } from './cluster.ts'
import { programs } from './components.ts'

const help = `A real Kubernetes on this host, for the scenarios and for trying things out. Linux, root and Go are needed.

  npm run cluster -- up [--name NAME] [--version 1.34.4] [--fake-nodes N] [--control-plane-only]
  npm run cluster -- down [--name NAME | --all]
  npm run cluster -- load FILE [--name NAME]
  npm run cluster -- clouds [--name NAME]
  npm run cluster -- status
  npm run cluster -- build [--version 1.34.4]

The first start builds Kubernetes from its Go modules (some six minutes), later ones take seconds.
up            starts the cluster NAME (default: default), or finds it running, and prints the path of its kubeconfig
  --fake-nodes N          adds N nodes that only claim to run pods, for scale
  --control-plane-only    no node that runs containers
down          ends it and removes everything of it: processes, mounts, rules, files
load          makes the images of an OCI archive known to its node: what npm run image writes, say
clouds        simulates, until Ctrl-C, the clouds that give Services of type LoadBalancer their addresses; players on this host can use them
status        lists the clusters and what runs of them
build         builds the programs and prints the folders of kubectl and helm, as a piece of PATH
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: 'default' },
      version: { type: 'string', default: defaultVersion },
      'fake-nodes': { type: 'string', default: '0' },
      'control-plane-only': { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command] = positionals
  if (values.help || command === undefined) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  const report = (line: string) => process.stderr.write(`${line}\n`)
  if (!/^[a-z0-9-]{1,20}$/.test(values.name))
    throw new Error(`--name must be lower case letters, digits and '-', at most 20: ${values.name}`)
  switch (command) {
    case 'up': {
      const fakeNodes = Number(values['fake-nodes'])
      if (!Number.isInteger(fakeNodes) || fakeNodes < 0) throw new Error('--fake-nodes must be a number')
      const options = { name: values.name, version: values.version.replace(/^v/, ''), node: !values['control-plane-only'], fakeNodes }
      const cluster = await startKubernetes(options, report)
      process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\n`)
      return 0
    }
    case 'down': {
      for (const name of values.all ? await clusterNames() : [values.name]) {
        const cluster = await openCluster(name)
        if (cluster === undefined) report(`there is no cluster ${name}`)
        else await cluster.down()
      }
      return 0
    }
    case 'load': {
      const [, archive] = positionals
      if (archive === undefined) throw new Error('load needs the path of an OCI archive')
      await (await existing(values.name)).importImages(resolve(archive))
      return 0
    }
    case 'clouds': {
      const { kubeconfig } = await existing(values.name)
      const clouds = spawn(process.execPath, [join(import.meta.dirname, 'clouds.ts'), kubeconfig], { stdio: 'inherit' })
      // Ctrl-C reaches both; this one waits for the other to tidy up.
      process.on('SIGINT', () => undefined)
      const [code] = (await once(clouds, 'exit')) as [number | null]
      return code ?? 130
    }
    case 'build': {
      const paths = await programs(values.version.replace(/^v/, ''), report)
      process.stdout.write(`${dirname(paths.kubectl)}:${dirname(paths.helm)}\n`)
      return 0
    }
    case 'status': {
      for (const name of await clusterNames()) {
        const cluster = await openCluster(name)
        if (cluster === undefined) continue
        const { version, fakeNodes } = cluster.options
        const [up, gone] = [
          componentNames.filter(part => cluster.runs(part)),
          componentNames.filter(part => cluster.pid(part) !== undefined && !cluster.runs(part)),
        ]
        const parts = [`running: ${up.join(', ') || 'nothing'}`, ...(gone.length === 0 ? [] : [`ended: ${gone.join(', ')}`])]
        process.stdout.write(`${name}\tKubernetes ${version}\tfake nodes: ${fakeNodes}\t${parts.join('; ')}\t${cluster.kubeconfig}\n`)
      }
      return 0
    }
    default:
      process.stderr.write(`unknown command ${command}\n\n${help}`)
      return 2
  }
}

async function existing(name: string): Promise<Cluster> {
  const cluster = await openCluster(name)
  if (cluster === undefined) throw new Error(`there is no cluster ${name}; npm run cluster -- up starts one`)
  return cluster
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
