/** What the benchmark asks of a server under test. */
export interface BenchServer extends AsyncDisposable {
  readonly name: string;
  /** Makes an empty public repository. @returns its URL, with credentials where a push needs them */
  createRepository(name: string): Promise<string>;
  /** Called once a repository is pushed and before it is cloned: what an administrator would do for it overnight. */
  maintain(name: string): Promise<void>;
}
