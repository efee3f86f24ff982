/** `--help`. */

export const helpText = `otelcol-deepflow, a distribution of the OpenTelemetry Collector

Usage:
  otelcol-deepflow --config FILE [flags]    run the collector
  otelcol-deepflow validate --config FILE   check a configuration without running it
  otelcol-deepflow components               list the components of this distribution
  otelcol-deepflow print-config             print the final configuration (--format yaml|json,
                                            --mode redacted|unredacted, --validate=false)
  otelcol-deepflow featuregate [ID]         list the feature gates
  otelcol-deepflow schema                   print the JSON schema of the configuration
  otelcol-deepflow doctor                   tell what this kernel and these permissions allow to see,
                                            and of which processes (--json, --all; --require FEATURE
                                            ends with 1 when that feature does not work)

Flags:
  --config LOCATION        a file, or file:, env:, yaml:, http: or https: location; may be given
                           several times, later ones win: maps are joined, lists are replaced
  --set KEY=VALUE          set one option, after all locations: --set processors.batch.timeout=2s
  --feature-gates LIST     gates to turn on (id or +id) or off (-id), separated by commas
  --workers N|auto         run the pipelines in N threads, each with its own sockets; auto is one
                           per core (default 1)
  -v, --version            print the version
  -h, --help               print this text

Signals: SIGTERM and SIGINT drain and end, SIGHUP reads the configuration again and restarts.
`;
