import { describe, expect, it } from 'vitest'
import { networkErrors, networkOf } from './network.ts'

const noted = (text: string) => ({ 'berth.dev/network': text })
const read = (text: string) => networkOf(noted(text))?.network
const clb = [
  { name: 'ClbIds', value: 'clb-1,clb-2' },
  { name: 'PortProtocols', value: '7654/UDP' },
  { name: 'EnableClbScatter', value: 'true' },
]

describe('berth.dev/network', () => {
  it('is nothing where it is not', () => expect(networkOf({ other: 'x' })).toBeUndefined())

  it.each([
    [
      'parameters by their names',
      `
type: Volcengine-CLB
conf:
  ClbIds: [clb-1, clb-2]   # two
  PortProtocols: 7654/UDP
  EnableClbScatter: true
`,
    ],
    [
      'parameters as in networkConf',
      `
type: Volcengine-CLB
conf:
  - { name: ClbIds, value: 'clb-1,clb-2' }
  - { name: PortProtocols, value: 7654/UDP }
  - name: EnableClbScatter
    value: true
`,
    ],
    ['JSON', JSON.stringify({ type: 'Volcengine-CLB', conf: clb, readyWhen: 'Reachable' })],
  ])('takes %s', (_, text) => {
    expect(read(text)).toEqual({ type: 'Volcengine-CLB', parameters: clb, readyWhen: 'Reachable' })
  })

  it('keeps texts as they are written, and names that repeat', () => {
    const conf = '[{name: ContainerPorts, value: "game:80"}, {name: ContainerPorts, value: "voice:0090/UDP"}]'
    expect(read(`{type: Kubernetes-HostPort, readyWhen: Requested, conf: ${conf}}`)).toEqual({
      type: 'Kubernetes-HostPort',
      parameters: [
        { name: 'ContainerPorts', value: 'game:80' },
        { name: 'ContainerPorts', value: 'voice:0090/UDP' },
      ],
      readyWhen: 'Requested',
    })
    expect(read('{type: Kubernetes-NodePort, conf: {PortProtocols: 0700}}')?.parameters).toEqual([{ name: 'PortProtocols', value: '0700' }])
  })

  it.each<[string, string, [string, RegExp][]]>([
    ['text that is no YAML', 'type: [', [['', /^is neither YAML nor JSON: .* at line 1, column/]]],
    ['nothing', '', [['', /^must have a type and its conf/]]],
    ['a name alone', 'Volcengine-CLB', [['', /^must have a type and its conf/]]],
    ['no type', 'conf: {PortProtocols: 80}', [['.type', /^must be one of Kubernetes-HostPort, /]]],
    ['a type that is a list', 'type: [a]', [['.type', /^must be the name/]]],
    ['a type that there is not', 'type: Volcengine-CBL', [['.type', /did you mean "Volcengine-CLB"\?$/]]],
    [
      'other fields',
      '{typ: Kubernetes-NodePort, networkConf: []}',
      [
        ['.typ', /did you mean "type"\?$/],
        ['.networkConf', /known are type, conf, readyWhen$/],
      ],
    ],
    ['another time to be Ready', '{type: Kubernetes-NodePort, readyWhen: Never}', [['.readyWhen', /"Reachable", "Requested"$/]]],
    ['conf that is a text', '{type: Kubernetes-NodePort, conf: all}', [['.conf', /^must be parameters by their names/]]],
    ['no conf', 'type: Kubernetes-NodePort\nconf:\n', [['.conf', /^PortProtocols: /]]],
    [
      'a parameter that there is not, by its name',
      '{type: Kubernetes-NodePort, conf: {PortProtocols: 80, PortProtocol: 81}}',
      [['.conf[PortProtocol]', /did you mean "PortProtocols"\?$/]],
    ],
    [
      'a bad value, by its place',
      '{type: Kubernetes-NodePort, conf: [{name: PortProtocols, value: x}]}',
      [['.conf[0]', /^PortProtocols: /]],
    ],
    ['a value that is no text', '{type: Kubernetes-NodePort, conf: {PortProtocols: {a: b}}}', [['.conf[PortProtocols]', /must be a text/]]],
    [
      'an entry without a name',
      '{type: Kubernetes-NodePort, conf: [{value: x}, y]}',
      [
        ['.conf[0]', /^must have a name/],
        ['.conf[1]', /^must have a name/],
      ],
    ],
    [
      'an entry with more',
      '{type: Kubernetes-NodePort, conf: [{name: PortProtocols, val: 80}]}',
      [['.conf[0].val', /did you mean "value"\?$/]],
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(read(text)).toBeUndefined()
    expect(networkErrors('metadata.annotations', noted(text)).map(({ field, detail }) => [field, detail])).toEqual(
      expected.map(([field, detail]) => [`metadata.annotations[berth.dev/network]${field}`, expect.stringMatching(detail)]),
    )
  })
})
