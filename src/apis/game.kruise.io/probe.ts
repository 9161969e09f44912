import { s } from '../../schema/builder.ts'

const header = s.object({
  name: s.string({ description: 'Name of the header.' }),
  value: s.string({ description: 'Value of the header.' }),
})

/** The members of a Kubernetes Probe, as OpenKruiseGame inlines them into a service quality. */
export const probeMembers = {
  exec: s.optional(
    s.object(
      { command: s.optional(s.list(s.string(), { description: 'Command and arguments; not run in a shell. Exit code 0 is success.' })) },
      { description: 'Runs a command in the container.' },
    ),
  ),
  httpGet: s.optional(
    s.object(
      {
        path: s.optional(s.string({ description: 'Path of the request.' })),
        port: s.intOrString({ description: 'Number or name of the port.' }),
        host: s.optional(s.string({ description: 'Host to connect to; the pod by default.' })),
        scheme: s.optional(s.string({ description: 'HTTP or HTTPS.' })),
        httpHeaders: s.optional(s.list(header, { description: 'Headers to send.' })),
      },
      { description: 'Sends an HTTP GET.' },
    ),
  ),
  tcpSocket: s.optional(
    s.object(
      {
        port: s.intOrString({ description: 'Number or name of the port.' }),
        host: s.optional(s.string({ description: 'Host to connect to; the pod by default.' })),
      },
      { description: 'Opens a TCP connection.' },
    ),
  ),
  grpc: s.optional(
    s.object(
      {
        port: s.int32({ description: 'Number of the port.' }),
        service: s.optional(s.nullable(s.string({ description: 'Service named in the health check request.' }))),
      },
      { description: 'Calls the gRPC health service.' },
    ),
  ),
  initialDelaySeconds: s.optional(s.int32({ description: 'Seconds after the container started before the first probe.' })),
  timeoutSeconds: s.optional(s.int32({ description: 'Seconds after which a probe has failed. Default 1.' })),
  periodSeconds: s.optional(s.int32({ description: 'Seconds between probes. Default 10.' })),
  successThreshold: s.optional(s.int32({ description: 'Successes in a row that count as success. Default 1.' })),
  failureThreshold: s.optional(s.int32({ description: 'Failures in a row that count as failure. Default 3.' })),
  terminationGracePeriodSeconds: s.optional(s.int64({ description: 'Seconds the pod gets to end after a failure.' })),
} as const
