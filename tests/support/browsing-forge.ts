/** A running forge with an administrator and one repository that has something for every page: what browser tests walk through. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase } from './database.ts';
import { ForgeProcess } from './forge-process.ts';
import { GIT_ENVIRONMENT } from './git-run.ts';

export const ADMINISTRATOR = { login: 'ada', password: 'difference engine' };
const TOKEN = 'browsing-forge-token-0123456789';

/** Names that a URL, a table cell or a careless decoder would spoil. */
export const ODD_NAMES = ['100%.txt', 'a%23b.txt', 'hash#tag?.txt', 'new\nline.txt', 'مرحبا.txt', '<b>&amp;.txt'];

const README = `# Engine

See [the guide](docs/guide.md) and [a name](100%25.txt).

> [!NOTE]
> Made of brass.

\`\`\`ts
const wheels = 25; // of brass
// ${'A line that is wider than any page. '.repeat(8)}
\`\`\`

- [x] add
- [ ] divide

<script>window.pwned = 1</script><img src="x" onerror="window.pwned = 1">
`;

export class BrowsingForge implements AsyncDisposable {
  readonly forge: ForgeProcess;
  readonly folder: string;

  /** @param settings on top of those below */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BrowsingForge> {
    const folder = mkdtempSync(path.join(tmpdir(), 'browsing-forge-'));
    const database = await createTestDatabase();
    const forge = await ForgeProcess.start({
      settings: {
        DATA_DIR: path.join(folder, 'data'),
        DATABASE_URL: database.url,
        ADMIN_USERNAME: ADMINISTRATOR.login,
        ADMIN_PASSWORD: ADMINISTRATOR.password,
        ADMIN_TOKEN: TOKEN,
        SIGNUP: 'open',
        ...settings,
      },
    });
    return new BrowsingForge(forge, folder);
  }

  private constructor(forge: ForgeProcess, folder: string) {
    this.forge = forge;
    this.folder = folder;
  }

  get url(): string {
    return this.forge.url;
  }

  /** Creates `ada/<name>` and pushes a history of two commits to it. @returns where that was made */
  async publish(name: string, visibility: 'public' | 'private', objectFormat = 'sha1'): Promise<string> {
    const response = await fetch(`${this.url}/api/v3/user/repos`, {
      method: 'POST',
      headers: { authorization: `token ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name,
        private: visibility === 'private',
        description: 'Computes by wheels',
        object_format: objectFormat,
      }),
    });
    if (response.status !== 201) throw new Error(`create ${name}: ${response.status} ${await response.text()}`);
    const work = this.#writeHistory(name, objectFormat);
    this.#git(work, 'push', '-q', this.pushUrl(name), 'main', 'v1.0');
    return work;
  }

  /** Pushes a pointer of Git LFS to a published repository, and what it points to. */
  async publishLargeFile(work: string, fileName: string, bytes: Buffer, upload: 'uploaded' | 'missing') {
    const name = path.basename(work);
    const oid = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(
      path.join(work, fileName),
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${bytes.length}\n`,
    );
    this.#commit(work, `Add ${fileName}`);
    this.#git(work, 'push', '-q', this.pushUrl(name), 'main');
    if (upload === 'missing') return;
    const headers = { authorization: `Basic ${btoa(`${ADMINISTRATOR.login}:${TOKEN}`)}` };
    const address = `${this.url}/ada/${name}.git/info/lfs/objects/${oid}`;
    const response = await fetch(address, { method: 'PUT', headers, body: new Uint8Array(bytes) });
    if (response.status !== 200) throw new Error(`upload ${fileName}: ${response.status} ${await response.text()}`);
  }

  pushUrl(name: string): string {
    return `${this.url.replace('//', `//${ADMINISTRATOR.login}:${TOKEN}@`)}/ada/${name}.git`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forge.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeHistory(name: string, objectFormat: string): string {
    const work = path.join(this.folder, name);
    mkdirSync(path.join(work, 'docs'), { recursive: true });
    this.#git(work, 'init', '-q', '-b', 'main', `--object-format=${objectFormat}`);
    for (const fileName of ODD_NAMES) writeFileSync(path.join(work, fileName), `This is ${JSON.stringify(fileName)}\n`);
    writeFileSync(path.join(work, 'README.md'), README);
    writeFileSync(path.join(work, 'docs/guide.md'), '# Guide\n\nTurn the handle.\n');
    writeFileSync(
      path.join(work, 'wheel.ts'),
      'export function turn(wheel: number): number {\n  return wheel + 1;\n}\n',
    );
    writeFileSync(path.join(work, 'punched.bin'), Buffer.from([0, 1, 2, 3]));
    symlinkSync('docs/guide.md', path.join(work, 'link'));
    this.#commit(work, 'Build the engine');
    this.#git(work, 'tag', '-a', 'v1.0', '-m', 'First engine');
    writeFileSync(
      path.join(work, 'wheel.ts'),
      'export function turn(wheel: number): number {\n  return wheel + 2;\n}\n',
    );
    this.#commit(work, `Turn faster\n\n${'It had to be said at length.\n'.repeat(60)}`);
    return work;
  }

  #commit(work: string, message: string): void {
    this.#git(work, 'add', '-A');
    this.#git(work, 'commit', '-q', '-m', message);
  }

  #git(work: string, ...args: string[]): void {
    execFileSync('git', ['-C', work, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...GIT_ENVIRONMENT },
    });
  }
}
