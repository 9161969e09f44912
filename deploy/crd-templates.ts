import { stringify } from 'yaml'
import { agonesCustomResourceDefinitions } from '../src/apis/agones.dev/custom-resource-definitions.ts'
import { okgCustomResourceDefinitions } from '../src/apis/game.kruise.io/custom-resource-definitions.ts'

/**
 * The CustomResourceDefinitions as templates of the chart, by file name: what `berth controller --install-crds` installs. They are templates and
 * not files of `crds/` because Helm never upgrades those.
 */
export function crdTemplates(): ReadonlyMap<string, string> {
  const families = [
    { definitions: okgCustomResourceDefinitions, condition: '.Values.crds.install' },
    { definitions: agonesCustomResourceDefinitions, condition: 'and .Values.crds.install .Values.agones.enabled' },
  ]
  return new Map(
    families.flatMap(({ definitions, condition }) =>
      definitions.map(definition => {
        const { apiVersion, kind, metadata, spec } = definition
        const body = stringify({ spec }, { lineWidth: 0, aliasDuplicateObjects: false })
        if (body.includes('{{')) throw new Error(`${metadata.name}: its schema has a template's braces in it`)
        return [
          `${metadata.name}.yaml`,
          `{{- /* Made by "npm run generate:install"; the source is src/apis. */ -}}
{{- if ${condition} }}
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${metadata.name}
  labels:
    {{- include "berth.labels" . | nindent 4 }}
  {{- if or .Values.crds.keep .Values.crds.annotations }}
  annotations:
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
    {{- with .Values.crds.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
${body}{{- end }}
`,
        ] as const
      }),
    ),
  )
}
