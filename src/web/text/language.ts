/** Which language a file is in, by its name and first line. Ids are those of the grammars that `highlight.ts` loads. */
export interface Language {
  /** Grammar id. */
  readonly id: string;
  readonly name: string;
}

interface LanguageRule extends Language {
  /** After the last dot of a file name, in lower case. */
  readonly extensions?: string;
  /** Whole file names, in lower case. */
  readonly fileNames?: string;
  /** Programs that a `#!` line may name. */
  readonly interpreters?: string;
}

/** Lists are separated by spaces. The first rule that matches wins. */
const RULES: readonly LanguageRule[] = [
  { id: 'astro', name: 'Astro', extensions: 'astro' },
  { id: 'asciidoc', name: 'AsciiDoc', extensions: 'adoc asciidoc' },
  { id: 'asm', name: 'Assembly', extensions: 'asm s' },
  { id: 'awk', name: 'Awk', extensions: 'awk', interpreters: 'awk gawk' },
  { id: 'bat', name: 'Batchfile', extensions: 'bat cmd' },
  { id: 'c', name: 'C', extensions: 'c h' },
  { id: 'clojure', name: 'Clojure', extensions: 'clj cljs cljc edn' },
  { id: 'cmake', name: 'CMake', extensions: 'cmake', fileNames: 'cmakelists.txt' },
  { id: 'cpp', name: 'C++', extensions: 'cc cpp cxx hh hpp hxx ipp tpp' },
  { id: 'csharp', name: 'C#', extensions: 'cs csx' },
  { id: 'css', name: 'CSS', extensions: 'css' },
  { id: 'csv', name: 'CSV', extensions: 'csv' },
  { id: 'dart', name: 'Dart', extensions: 'dart' },
  { id: 'diff', name: 'Diff', extensions: 'diff patch' },
  { id: 'docker', name: 'Dockerfile', extensions: 'dockerfile', fileNames: 'dockerfile containerfile' },
  { id: 'elixir', name: 'Elixir', extensions: 'ex exs', interpreters: 'elixir' },
  { id: 'elm', name: 'Elm', extensions: 'elm' },
  { id: 'emacs-lisp', name: 'Emacs Lisp', extensions: 'el' },
  { id: 'erlang', name: 'Erlang', extensions: 'erl hrl' },
  { id: 'fish', name: 'Fish', extensions: 'fish', interpreters: 'fish' },
  { id: 'fortran-free-form', name: 'Fortran', extensions: 'f90 f95 f03' },
  { id: 'fsharp', name: 'F#', extensions: 'fs fsi fsx' },
  { id: 'go', name: 'Go', extensions: 'go', fileNames: 'go.mod' },
  { id: 'graphql', name: 'GraphQL', extensions: 'graphql gql' },
  { id: 'groovy', name: 'Groovy', extensions: 'groovy gradle', fileNames: 'jenkinsfile' },
  { id: 'haskell', name: 'Haskell', extensions: 'hs' },
  { id: 'hcl', name: 'HCL', extensions: 'hcl tf tfvars' },
  { id: 'html', name: 'HTML', extensions: 'html htm xhtml' },
  { id: 'ini', name: 'INI', extensions: 'ini cfg conf', fileNames: '.editorconfig .gitmodules .gitconfig .npmrc' },
  { id: 'java', name: 'Java', extensions: 'java' },
  { id: 'javascript', name: 'JavaScript', extensions: 'js cjs mjs', interpreters: 'node bun' },
  {
    id: 'json',
    name: 'JSON',
    extensions: 'json geojson webmanifest',
    fileNames: '.prettierrc composer.lock flake.lock',
  },
  { id: 'jsonc', name: 'JSON with comments', extensions: 'jsonc json5 code-workspace' },
  { id: 'jsx', name: 'JSX', extensions: 'jsx' },
  { id: 'julia', name: 'Julia', extensions: 'jl', interpreters: 'julia' },
  { id: 'kotlin', name: 'Kotlin', extensions: 'kt kts' },
  { id: 'latex', name: 'LaTeX', extensions: 'tex sty cls' },
  { id: 'less', name: 'Less', extensions: 'less' },
  { id: 'common-lisp', name: 'Common Lisp', extensions: 'lisp lsp cl' },
  { id: 'lua', name: 'Lua', extensions: 'lua', interpreters: 'lua luajit' },
  { id: 'make', name: 'Makefile', extensions: 'mk mak', fileNames: 'makefile gnumakefile', interpreters: 'make' },
  { id: 'markdown', name: 'Markdown', extensions: 'md markdown mdown mkd' },
  { id: 'mdx', name: 'MDX', extensions: 'mdx' },
  { id: 'nix', name: 'Nix', extensions: 'nix' },
  { id: 'objective-c', name: 'Objective-C', extensions: 'm mm' },
  { id: 'ocaml', name: 'OCaml', extensions: 'ml mli' },
  { id: 'pascal', name: 'Pascal', extensions: 'pas pp' },
  { id: 'perl', name: 'Perl', extensions: 'pl pm perl', interpreters: 'perl' },
  { id: 'php', name: 'PHP', extensions: 'php phtml', interpreters: 'php' },
  { id: 'po', name: 'gettext', extensions: 'po pot' },
  { id: 'powershell', name: 'PowerShell', extensions: 'ps1 psm1 psd1', interpreters: 'pwsh' },
  { id: 'prolog', name: 'Prolog', extensions: 'pro prolog' },
  { id: 'proto', name: 'Protocol Buffers', extensions: 'proto' },
  { id: 'python', name: 'Python', extensions: 'py pyi pyw', interpreters: 'python python2 python3' },
  { id: 'r', name: 'R', extensions: 'r', interpreters: 'Rscript' },
  { id: 'rst', name: 'reStructuredText', extensions: 'rst' },
  { id: 'ruby', name: 'Ruby', extensions: 'rb rake gemspec', fileNames: 'gemfile rakefile', interpreters: 'ruby' },
  { id: 'rust', name: 'Rust', extensions: 'rs' },
  { id: 'sass', name: 'Sass', extensions: 'sass' },
  { id: 'scala', name: 'Scala', extensions: 'scala sbt' },
  { id: 'scheme', name: 'Scheme', extensions: 'scm ss' },
  { id: 'scss', name: 'SCSS', extensions: 'scss' },
  {
    id: 'shellscript',
    name: 'Shell',
    extensions: 'sh bash zsh ksh bats',
    fileNames: '.bashrc .profile .zshrc .envrc',
    interpreters: 'sh bash zsh dash ksh',
  },
  { id: 'solidity', name: 'Solidity', extensions: 'sol' },
  { id: 'sql', name: 'SQL', extensions: 'sql' },
  { id: 'svelte', name: 'Svelte', extensions: 'svelte' },
  { id: 'swift', name: 'Swift', extensions: 'swift' },
  { id: 'system-verilog', name: 'SystemVerilog', extensions: 'sv svh' },
  { id: 'tcl', name: 'Tcl', extensions: 'tcl tk', interpreters: 'tclsh wish' },
  { id: 'toml', name: 'TOML', extensions: 'toml', fileNames: 'cargo.lock poetry.lock' },
  { id: 'tsx', name: 'TSX', extensions: 'tsx' },
  { id: 'typescript', name: 'TypeScript', extensions: 'ts cts mts', interpreters: 'deno tsx' },
  { id: 'verilog', name: 'Verilog', extensions: 'v vh' },
  { id: 'vhdl', name: 'VHDL', extensions: 'vhd vhdl' },
  { id: 'viml', name: 'Vim script', extensions: 'vim', fileNames: '.vimrc' },
  { id: 'vue', name: 'Vue', extensions: 'vue' },
  { id: 'wasm', name: 'WebAssembly', extensions: 'wat' },
  { id: 'xml', name: 'XML', extensions: 'xml svg xsd xsl xslt plist csproj resx' },
  { id: 'yaml', name: 'YAML', extensions: 'yaml yml', fileNames: '.clang-format' },
  { id: 'zig', name: 'Zig', extensions: 'zig' },
];

export const LANGUAGE_IDS: readonly string[] = RULES.map((rule) => rule.id);

const BY_EXTENSION = indexRules((rule) => rule.extensions);
const BY_FILE_NAME = indexRules((rule) => rule.fileNames);
const BY_INTERPRETER = indexRules((rule) => rule.interpreters);
const BY_ID = new Map(RULES.map((rule) => [rule.id, rule]));

/** @param text the file, of which only the first line is looked at */
export function languageOf(fileName: string, text = ''): Language | undefined {
  const name = fileName.toLowerCase();
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  return BY_FILE_NAME.get(name) ?? BY_EXTENSION.get(extension) ?? BY_INTERPRETER.get(interpreterOf(text));
}

/** @param info what follows the three backquotes of a fenced block: an id, an extension or a shell's name */
export function languageOfFence(info: string): Language | undefined {
  const word = (/^[^\s,{]+/.exec(info)?.[0] ?? '').toLowerCase();
  return BY_ID.get(word) ?? BY_EXTENSION.get(word) ?? BY_INTERPRETER.get(word) ?? BY_FILE_NAME.get(word);
}

function interpreterOf(text: string): string {
  if (!text.startsWith('#!')) return '';
  const firstLine = text.slice(2, 200).split('\n', 1)[0] ?? '';
  const [program = '', ...words] = firstLine.trim().split(/\s+/);
  const name = program.slice(program.lastIndexOf('/') + 1);
  return name === 'env' ? (words.find((word) => !word.startsWith('-') && !word.includes('=')) ?? '') : name;
}

function indexRules(list: (rule: LanguageRule) => string | undefined): ReadonlyMap<string, Language> {
  const index = new Map<string, Language>();
  for (const rule of RULES) for (const key of list(rule)?.split(' ') ?? []) if (!index.has(key)) index.set(key, rule);
  return index;
}
