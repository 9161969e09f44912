import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { must, run } from '../harness/run.ts'
import type { Layout } from './layout.ts'

const users = {
  admin: 'system:masters',
  'system:kube-controller-manager': '',
  'system:kube-scheduler': '',
  'system:kube-proxy': '',
  kwok: 'system:masters',
} as const

const openssl = async (folder: string, args: readonly string[]) => must(await run('openssl', args, { cwd: folder }), `openssl ${args[0]}`)

/** Subject and alternative names of the certificates that the components show each other. */
function certificates(cluster: Layout): { name: string; subject: string; names?: string }[] {
  const here = `IP:${cluster.node.v4},IP:${cluster.node.v6},IP:127.0.0.1`
  return [
    {
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      names: `${here},IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local`,
    },
    { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${cluster.nodeName}`, names: `${here},DNS:${cluster.nodeName}` },
    { name: 'apiserver-kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
    { name: 'front-proxy-client', subject: '/CN=front-proxy' },
  ]
}

/** Signs one certificate of the cluster's authority, `days` from now; `kubelet` and `apiserver` may be signed anew while the cluster runs. */
export async function sign(cluster: Layout, name: string, days: number): Promise<void> {
  const wanted = certificates(cluster).find(certificate => certificate.name === name)
  if (wanted === undefined) throw new Error(`no certificate is called ${name}`)
  const folder = join(cluster.folder, 'pki')
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature,keyEncipherment',
    'extendedKeyUsage=serverAuth,clientAuth',
  ]
  if (wanted.names !== undefined) extensions.push(`subjectAltName=${wanted.names}`)
  await writeFile(join(folder, `${name}.ext`), `${extensions.join('\n')}\n`)
  await openssl(folder, [
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    wanted.subject,
  ])
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
  await openssl(folder, [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...authority,
    '-days',
    String(days),
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  ])
}

/** Makes what a cluster proves itself with: one authority, certificates, the key of service account tokens, static tokens, kubeconfigs. */
export async function makeCredentials(cluster: Layout): Promise<void> {
  const folder = join(cluster.folder, 'pki')
  if (existsSync(join(folder, 'tokens.csv'))) return
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await openssl(folder, [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '3650',
    '-subj',
    `/CN=berth-${cluster.name}`,
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
  ])
  for (const { name } of certificates(cluster)) await sign(cluster, name, 365)
  await openssl(folder, ['genrsa', '-out', 'service-accounts.key', '2048'])
  await openssl(folder, ['rsa', '-in', 'service-accounts.key', '-pubout', '-out', 'service-accounts.pub'])

  const lines: string[] = []
  const everyone = { ...users, [`system:node:${cluster.nodeName}`]: 'system:nodes' }
  for (const [user, group] of Object.entries(everyone)) {
    const token = randomBytes(24).toString('hex')
    lines.push(`${token},${user},${user}${group === '' ? '' : `,"${group}"`}`)
    const path = user === 'admin' ? cluster.kubeconfig : join(folder, `${user.replaceAll(':', '_')}.kubeconfig`)
    await writeFile(path, kubeconfig(cluster, user, token), { mode: 0o600 })
  }
  // Last: its presence says that all the others are there.
  await writeFile(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 })
}

export const componentKubeconfig = (cluster: Layout, user: string) => join(cluster.folder, 'pki', `${user.replaceAll(':', '_')}.kubeconfig`)

function kubeconfig(cluster: Layout, user: string, token: string): string {
  const name = `berth-${cluster.name}`
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [
        {
          name,
          cluster: { server: `https://${cluster.node.v4}:6443`, 'certificate-authority': join(cluster.folder, 'pki/ca.crt') },
        },
      ],
      contexts: [{ name, context: { cluster: name, user } }],
      users: [{ name: user, user: { token } }],
    },
    null,
    2,
  )
}
