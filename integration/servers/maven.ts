/** Libraries of Maven Central: fetched once with all they need, and used as a class path. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../kit/collector.ts';

/** `group:name:version` of each; gives the class path of them and their dependencies. */
export function mavenClassPath(name: string, artifacts: readonly string[]): string {
  const folder = join(root, '.cache', 'servers', name);
  if (!existsSync(join(folder, 'lib', '.complete'))) {
    mkdirSync(folder, { recursive: true });
    const dependencies = artifacts.map((artifact) => {
      const [group, id, version] = artifact.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>`;
    });
    const own = '<modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>';
    const pom = `<project>${own}<dependencies>${dependencies.join('')}</dependencies></project>`;
    writeFileSync(join(folder, 'pom.xml'), pom);
    const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'];
    execFileSync('mvn', goal, { cwd: folder, stdio: 'pipe', timeout: 600_000 });
    writeFileSync(join(folder, 'lib', '.complete'), '');
  }
  return `${join(folder, 'lib')}/*`;
}
