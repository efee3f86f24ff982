/** Names of Java programs: from system properties, the jar, or the main class. */
import { baseName, type Language, type Naming, nameOfFolder, type Program, splitVersion } from './program.ts';

export const java: Language = {
  language: 'Java',
  runtime: 'OpenJDK Runtime Environment',
  runs: (executable) => executable === 'java',
  nameOf,
  versionOf,
};

/** Options whose value is the next argument. */
const withValue = new Set(
  '-cp -classpath --class-path -p --module-path --add-modules --add-opens --add-exports --add-reads --limit-modules --upgrade-module-path --patch-module --enable-native-access --source -d --describe-module'.split(
    ' ',
  ),
);

/** Main classes and jars of programs that are known by another name. */
const known: [pattern: RegExp, name: string][] = [
  [/^kafka\.Kafka$/, 'kafka'],
  [/^org\.apache\.kafka\.connect\./, 'kafka-connect'],
  [/^org\.apache\.zookeeper\./, 'zookeeper'],
  [/^org\.apache\.catalina\.startup\./, 'tomcat'],
  [/^org\.apache\.cassandra\./, 'cassandra'],
  [/^(org\.)?elasticsearch\b|^org\.elasticsearch\./, 'elasticsearch'],
  [/^(org\.)?opensearch\b|^org\.opensearch\./, 'opensearch'],
  [/^org\.apache\.activemq\./, 'activemq'],
  [/^org\.apache\.rocketmq\.broker\./, 'rocketmq-broker'],
  [/^org\.apache\.rocketmq\.namesrv\./, 'rocketmq-namesrv'],
  [/^org\.apache\.pulsar\./, 'pulsar'],
  [/^org\.apache\.hadoop\.hdfs\.server\.namenode\./, 'hdfs-namenode'],
  [/^org\.apache\.hadoop\.hdfs\.server\.datanode\./, 'hdfs-datanode'],
  [/^org\.apache\.hadoop\.hbase\./, 'hbase'],
  [/^org\.apache\.solr\./, 'solr'],
  [/^com\.sun\.enterprise\.glassfish\./, 'glassfish'],
  [/^weblogic\.Server$/, 'weblogic'],
  [/^jboss-modules$/, 'wildfly'],
  [/^org\.gradle\.launcher\./, 'gradle'],
  [/^org\.codehaus\.plexus\.classworlds\./, 'maven'],
];

/** Jars and classes that start any program. */
const launcher =
  /^(app|application|main|server|service|quarkus-run|ROOT|start|run|org\.springframework\.boot\.loader\..*)$/;

function nameOf(program: Program): Naming | undefined {
  const { environment, facts } = program;
  const options = [
    ...facts.args,
    ...`${environment.JDK_JAVA_OPTIONS ?? ''} ${environment.JAVA_TOOL_OPTIONS ?? ''}`.split(/\s+/),
  ];
  const otel = property(options, '-Dotel.service.name=');
  if (otel !== undefined) return { name: otel, source: '-Dotel.service.name' };
  const attributes = property(options, '-Dotel.resource.attributes=');
  const inAttributes = /(?:^|,)service\.name=([^,]+)/.exec(attributes ?? '')?.[1];
  if (inAttributes !== undefined) return { name: inAttributes, source: '-Dotel.resource.attributes' };
  const spring =
    property(options, '-Dspring.application.name=') ??
    property(options, '--spring.application.name=') ??
    environment.SPRING_APPLICATION_NAME;
  if (spring !== undefined && spring !== '') return { name: spring, source: 'spring.application.name' };
  return fromCommand(program);
}

function property(options: string[], prefix: string): string | undefined {
  const value = options.find((option) => option.startsWith(prefix))?.slice(prefix.length);
  return value === '' ? undefined : value;
}

function fromCommand(program: Program): Naming | undefined {
  const { args } = program.facts;
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '-jar') {
      const jar = args[at + 1];
      return jar === undefined ? undefined : fromJar(program, jar);
    }
    if (arg === '-m' || arg === '--module') return fromClass(program, args[at + 1] ?? '');
    if (withValue.has(arg)) at += 1;
    else if (!arg.startsWith('-') && !arg.startsWith('@')) return fromClass(program, arg);
  }
  return undefined;
}

function fromJar(program: Program, jar: string): Naming {
  const { name, version } = splitVersion(baseName(jar).replace(/\.[jw]ar$/i, ''));
  const knownName = nameKnown(name);
  if (knownName !== undefined) return { name: knownName, source: 'java main class' };
  if (!launcher.test(name)) return { name, version, source: 'java jar' };
  const path = program.resolve(jar);
  const folder = nameOfFolder(path.slice(0, path.lastIndexOf('/')).replace(/\/quarkus-app$/, ''));
  return folder === undefined ? { name, version, source: 'java jar' } : { name: folder, source: 'folder of java jar' };
}

/** `com.acme.Shop`, `module/com.acme.Shop`, or a module, or a `.java` file. */
function fromClass(program: Program, main: string): Naming | undefined {
  const name = main.slice(main.lastIndexOf('/') + 1).replace(/\.java$/, '');
  const knownName = nameKnown(name);
  if (knownName !== undefined) return { name: knownName, source: 'java main class' };
  if (launcher.test(name)) {
    const folder = nameOfFolder(program.resolve('.'));
    return folder === undefined ? undefined : { name: folder, source: 'working directory' };
  }
  const simple = name.slice(name.lastIndexOf('.') + 1);
  return simple === '' ? undefined : { name: simple, source: 'java main class' };
}

function nameKnown(main: string): string | undefined {
  return known.find(([pattern]) => pattern.test(main))?.[1];
}

/** A JDK or JRE has a file `release` beside its `bin`. */
function versionOf(program: Program): string | undefined {
  const home = program.facts.executable?.replace(/\/(jre\/)?bin\/[^/]+$/, '');
  if (home === undefined) return undefined;
  const release = program.read(`${home}/release`) ?? '';
  return (/^JAVA_RUNTIME_VERSION="([^"]+)"/m.exec(release) ?? /^JAVA_VERSION="([^"]+)"/m.exec(release))?.[1];
}
