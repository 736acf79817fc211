import { describe, expect, test } from 'vitest';
import { HOSTILE_MARKUP } from './hostile-markup.ts';
import { fenceInfos, renderMarkdown } from './markdown.ts';

const BASE = {
  blobFolder: '/ada/engine/blob/main/docs/',
  rawFolder: '/ada/engine/raw/main/docs/',
  blobRoot: '/ada/engine/blob/main/',
  rawRoot: '/ada/engine/raw/main/',
};

const render = (source: string) => renderMarkdown(source, BASE);

describe('links', () => {
  test.each([
    ['[a](guide.md)', '/ada/engine/blob/main/docs/guide.md'],
    ['[a](../LICENSE)', '/ada/engine/blob/main/LICENSE'],
    ['[a](/src/)', '/ada/engine/blob/main/src/'],
    ['[a](guide.md#set-up)', '/ada/engine/blob/main/docs/guide.md#set-up'],
    ['[a](#set-up)', '#user-content-set-up'],
    ['[a](caf%C3%A9%23.md)', '/ada/engine/blob/main/docs/caf%C3%A9%23.md'],
    ['[a](mailto:ada@example.com)', 'mailto:ada@example.com'],
  ])('%s leads to %s', (source, href) => {
    expect(render(source)).toBe(`<p><a href="${href}">a</a></p>\n`);
  });

  test('out of the site they carry rel', () => {
    expect(render('https://example.com/x')).toBe(
      '<p><a href="https://example.com/x" rel="nofollow noopener">https://example.com/x</a></p>\n',
    );
  });

  test('images come from the raw view', () => {
    expect(render('![A graph](graph.png)')).toContain('src="/ada/engine/raw/main/docs/graph.png"');
    expect(render('<img srcset="a.png, /b.png 2x">')).toContain(
      'srcset="/ada/engine/raw/main/docs/a.png, /ada/engine/raw/main/b.png 2x"',
    );
  });

  test('without a base, relative ones are dropped', () => {
    expect(renderMarkdown('[a](b.md)')).toBe('<p><a>a</a></p>\n');
  });
});

describe('blocks', () => {
  test('headings get prefixed anchors, repeated ones numbered', () => {
    const html = render('# Set up: *Linux*\n\n# Set up: Linux\n\n# Überblick');
    expect(html).toContain('id="user-content-set-up-linux"');
    expect(html).toContain('id="user-content-set-up-linux-1"');
    expect(html).toContain('id="user-content-überblick"');
  });

  test('task lists have boxes that nobody can tick', () => {
    const html = render('- [ ] one\n- [x] two\n- [no] three');
    expect(html).toContain('<li class="task"><input type="checkbox" disabled aria-label="To do" /> one</li>');
    expect(html).toContain('<li class="task"><input type="checkbox" disabled aria-label="Done" checked /> two</li>');
    expect(html).toContain('<li>[no] three</li>');
  });

  test('footnotes are numbered as they are named, and stand at the end', () => {
    const html = render(
      'A[^b] and B[^a], again[^b]. No[^c].\n\n[^a]: See [it](x.md)\nand more.\n[^b]: First.\n\n    Second[^a].\n\nEnd.\n\n[^d]: Unnamed',
    );
    expect(html).toContain('<p>A<sup><a id="user-content-fnref-b" href="#user-content-fn-b">1</a></sup> and B<sup>');
    expect(html).toContain(
      'again<sup><a id="user-content-fnref-b-2" href="#user-content-fn-b">1</a></sup>. No[^c].</p>',
    );
    expect(html).toContain('<li id="user-content-fn-b"><p>First.</p>\n<p>Second<sup>');
    expect(html).toContain('and more. <a title="Back to the text" href="#user-content-fnref-a">↩</a></p></li>');
    expect(html.indexOf('End.')).toBeLessThan(html.indexOf('<section class="footnotes">'));
    expect(html).not.toContain('Unnamed');
  });

  test('footnotes that name themselves or each other end', () => {
    expect(render('A[^a]\n\n[^a]: [^b]\n[^b]: [^a] [^b]').match(/<li /g)).toHaveLength(2);
  });

  test('alerts have a class and a title', () => {
    const html = render('> [!WARNING]\n> Mind the *gap*.');
    expect(html).toContain('<blockquote class="alert alert-warning">');
    expect(html).toContain('<strong>Warning</strong>');
    expect(render('> [!OTHER]\n> x')).toContain('[!OTHER]');
  });

  test('table cells are aligned by attribute', () => {
    expect(render('| a |\n|--:|\n| 1 |')).toContain('<td align="right">1</td>');
  });

  test('fenced blocks are highlighted by the caller', () => {
    const html = renderMarkdown('```ts\nlet a;\n```', BASE, (code, info) =>
      info === 'ts' && code === 'let a;\n' ? renderLines() : undefined,
    );
    expect(html).toBe('<pre><code><i class="hk">let</i> a;</code></pre>\n');
  });

  test('names the languages of fences', () => {
    expect(fenceInfos('```ts\nx\n```\n> ~~~ sh\n> y\n> ~~~\n```\nz\n```')).toEqual(['ts', 'sh']);
  });
});

describe('hostile markup', () => {
  test.each(Object.entries(HOSTILE_MARKUP))('%s', (_name, source) => {
    expect(violations(render(source))).toEqual([]);
  });

  test('deep nesting is flattened', () => {
    const html = render(`${'<div>'.repeat(10_000)}x`);
    expect(html.split('<div>').length).toBeLessThan(100);
  });
});

function renderLines() {
  return /<code>([\s\S]*)<\/code>/
    .exec(renderMarkdown('<code><i class="hk">let</i> a;</code>'))
    ?.slice(1)
    .map((line) => line as ReturnType<typeof renderMarkdown>);
}

/** Reads serialised HTML, in which text has no `<` and values have quotes, and names what is not allowed. */
function violations(html: string): string[] {
  const found: string[] = [];
  const text = html.replace(
    /<\/?([a-z0-9]+)((?:\s[a-z-]+(?:="[^"<>]*")?)*)\s?\/?>/g,
    (_tag, name: string, attributes: string) => {
      if (
        !/^(a|b|blockquote|br|code|details|div|em|h1|hr|i|img|input|li|mark|p|picture|pre|s|source|span|strong|sub|table|tbody|td|th|thead|tr|ul)$/.test(
          name,
        )
      )
        found.push(`<${name}>`);
      for (const [, attribute = '', value = ''] of attributes.matchAll(/\s([a-z-]+)(?:="([^"]*)")?/g)) {
        found.push(...attributeViolations(attribute, value));
      }
      return '';
    },
  );
  return text.includes('<') ? [...found, `markup left in ${text}`] : found;
}

function attributeViolations(name: string, value: string): string[] {
  const allowed: Record<string, RegExp> = {
    href: /^(https?:|mailto:|\/ada\/|#user-content-)/,
    src: /^(https?:|\/ada\/)/,
    srcset: /^\/ada\//,
    id: /^user-content-/,
    type: /^checkbox$/,
    class: /^(h[a-z]|alert.*|task)$/,
    rel: /^nofollow noopener$/,
  };
  const harmless = ['alt', 'title', 'loading', 'referrerpolicy', 'disabled', 'checked', 'aria-label', 'open', 'align'];
  if (harmless.includes(name) || allowed[name]?.test(value)) return [];
  return [`${name}="${value}"`];
}
