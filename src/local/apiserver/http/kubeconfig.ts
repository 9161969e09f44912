/** What a kubeconfig says about one cluster. */
export interface KubeconfigFacts {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** PEM of the certificate authority. */
  readonly ca: string
  readonly token: string
  /** Name of cluster, user and context. Default `berth`. */
  readonly name?: string
  readonly namespace?: string
}

/** The text of a kubeconfig file with one context. It contains the token: write it with mode 0600. */
export function kubeconfigText({ server, ca, token, name = 'berth', namespace = 'default' }: KubeconfigFacts): string {
  return `apiVersion: v1
kind: Config
current-context: ${name}
clusters:
  - name: ${name}
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: ${name}
    user:
      token: ${token}
contexts:
  - name: ${name}
    context:
      cluster: ${name}
      user: ${name}
      namespace: ${namespace}
`
}
